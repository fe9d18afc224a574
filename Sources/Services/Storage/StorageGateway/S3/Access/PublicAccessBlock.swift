import StorageService

/// Four switches that keep a bucket from being opened to the public by mistake.
struct PublicAccessBlock: Hashable, Sendable {
  /// Public lists cannot be set.
  var blocksPublicACLs = false
  /// Those that are set grant groups nothing.
  var ignoresPublicACLs = false
  /// Public policies cannot be set.
  var blocksPublicPolicy = false
  /// A public policy counts for nobody but the owner.
  var restrictsPublicBuckets = false

  static let attributeName = BucketConfiguration.publicAccessBlock.rawValue

  init() {}

  /// Reads a `PublicAccessBlockConfiguration`.
  init(document root: XMLElement) throws(S3Error) {
    guard root.name == "PublicAccessBlockConfiguration" else { throw S3Error(.malformedXML) }
    func flag(_ name: String) throws(S3Error) -> Bool {
      switch root.text(name)?.lowercased() {
      case nil, "false": false
      case "true": true
      default: throw S3Error(.malformedXML)
      }
    }
    blocksPublicACLs = try flag("BlockPublicAcls")
    ignoresPublicACLs = try flag("IgnorePublicAcls")
    blocksPublicPolicy = try flag("BlockPublicPolicy")
    restrictsPublicBuckets = try flag("RestrictPublicBuckets")
  }

  var document: [UInt8] {
    XMLWriter.document("PublicAccessBlockConfiguration") { xml in
      xml.flag("BlockPublicAcls", blocksPublicACLs)
      xml.flag("IgnorePublicAcls", ignoresPublicACLs)
      xml.flag("BlockPublicPolicy", blocksPublicPolicy)
      xml.flag("RestrictPublicBuckets", restrictsPublicBuckets)
    }
  }
}

extension S3Call {
  func publicAccessBlock(of bucket: BucketInfo) async throws -> PublicAccessBlock {
    let bytes = try await index.attribute(PublicAccessBlock.attributeName, ofBucket: bucket)
    guard let bytes else { return PublicAccessBlock() }
    guard let root = XMLElement(document: bytes) else {
      throw IndexError.damaged("the public access block of bucket \(bucket.name)")
    }
    return try PublicAccessBlock(document: root)
  }
}
