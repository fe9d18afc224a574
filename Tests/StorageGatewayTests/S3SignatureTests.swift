import Crypto
import HTTPTypes
import NIOCore
import Primitives
import Testing

@testable import StorageGateway

/// The worked examples of AWS's documentation ("Signature Calculations for the Authorization
/// Header", "… Transferring Payload in Multiple Chunks", "… Using Query Parameters").
@Suite struct S3SignatureTests {
  struct Store: CredentialStore {
    func lookup(accessKeyID: String) async throws -> S3Credential? {
      guard accessKeyID == "AKIAIOSFODNN7EXAMPLE" else { return nil }
      return S3Credential(
        accessKeyID: accessKeyID, secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        account: "main")
    }
  }

  static let start: UInt64 = 1_369_353_600_000  // 2013-05-24T00:00:00Z

  func authenticator(at milliseconds: UInt64 = start) -> RequestAuthenticator {
    RequestAuthenticator(credentials: Store(), now: { milliseconds })
  }

  func request(
    _ method: HTTPRequest.Method, _ target: String, signature: String, signedHeaders: String,
    headers: [(String, String)], host: String = "examplebucket.s3.amazonaws.com"
  ) -> HTTPRequest {
    var fields = HTTPFields()
    for (name, value) in headers { fields.set(name, value) }
    fields[.authorization] =
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
      + "SignedHeaders=\(signedHeaders),Signature=\(signature)"
    return HTTPRequest(
      method: method, scheme: "http", authority: host, path: target, headerFields: fields)
  }

  func authenticate(
    _ head: HTTPRequest, at milliseconds: UInt64 = start
  ) async throws -> Authentication {
    try await authenticator(at: milliseconds).authenticate(
      head, target: try RequestTarget(head.path ?? ""))
  }

  func code(_ head: HTTPRequest, at milliseconds: UInt64 = start) async -> S3Error.Code? {
    do {
      _ = try await authenticate(head, at: milliseconds)
      return nil
    } catch { return (error as? S3Error)?.code }
  }

  static let getHeaders = [
    ("range", "bytes=0-9"), ("x-amz-content-sha256", SignatureV4.emptyHash),
    ("x-amz-date", "20130524T000000Z"),
  ]

  func getObject(
    signature: String = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
  ) -> HTTPRequest {
    request(
      .get, "/test.txt", signature: signature,
      signedHeaders: "host;range;x-amz-content-sha256;x-amz-date", headers: Self.getHeaders)
  }

  @Test func getObjectExample() async throws {
    let authentication = try await authenticate(getObject())
    #expect(authentication.credential?.account == "main")
  }

  @Test func putObjectExample() async throws {
    let head = request(
      .put, "/test%24file.text",
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      headers: [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        (
          "x-amz-content-sha256",
          "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        ),
      ])
    let authentication = try await authenticate(head)
    guard case .hashed(let hash) = authentication.protection else {
      Issue.record("not a hashed payload")
      return
    }
    #expect(hash.hex == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
  }

  @Test func subresourceAndListExamples() async throws {
    let headers = [
      ("x-amz-content-sha256", SignatureV4.emptyHash), ("x-amz-date", "20130524T000000Z"),
    ]
    _ = try await authenticate(
      request(
        .get, "/?lifecycle",
        signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        signedHeaders: "host;x-amz-content-sha256;x-amz-date", headers: headers))
    _ = try await authenticate(
      request(
        .get, "/?max-keys=2&prefix=J",
        signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        signedHeaders: "host;x-amz-content-sha256;x-amz-date", headers: headers))
  }

  static let presigned =
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"

  func presignedRequest(_ target: String = presigned) -> HTTPRequest {
    HTTPRequest(
      method: .get, scheme: "http", authority: "examplebucket.s3.amazonaws.com", path: target)
  }

  @Test func presignedExample() async throws {
    let authentication = try await authenticate(presignedRequest())
    guard case .unsigned = authentication.protection else {
      Issue.record("a presigned payload is unsigned")
      return
    }
    #expect(await code(presignedRequest(), at: Self.start + 86_400_000) == nil)
    #expect(await code(presignedRequest(), at: Self.start + 86_401_000) == .accessDenied)
    #expect(await code(presignedRequest(), at: Self.start - 901_000) == .accessDenied)
    let longer = Self.presigned.replacing("Expires=86400", with: "Expires=604801")
    #expect(await code(presignedRequest(longer)) == .accessDenied)
    let changed = Self.presigned.replacing("Expires=86400", with: "Expires=86399")
    #expect(await code(presignedRequest(changed)) == .signatureDoesNotMatch)
  }

  /// From AWS's "Signing and authenticating REST requests" (Version 2), query string example.
  @Test func legacyPresignedExample() async throws {
    let target =
      "/johnsmith/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE"
      + "&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
    func head(_ target: String) -> HTTPRequest {
      HTTPRequest(method: .get, scheme: "http", authority: "s3.amazonaws.com", path: target)
    }
    #expect(await code(head(target), at: 1_175_139_000_000) == nil)
    #expect(await code(head(target), at: 1_175_139_621_000) == .accessDenied)
    #expect(await code(head(target), at: 1_174_000_000_000) == .accessDenied)
    let changed = target.replacing("puppy", with: "kitten")
    #expect(await code(head(changed), at: 1_175_139_000_000) == .signatureDoesNotMatch)
    let short = target.replacing("&Expires=1175139620", with: "")
    #expect(await code(head(short), at: 1_175_139_000_000) == .accessDenied)
  }

  static let chunkedHeaders = [
    ("content-encoding", "aws-chunked"), ("content-length", "66824"),
    ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ("x-amz-date", "20130524T000000Z"), ("x-amz-decoded-content-length", "66560"),
    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
  ]

  func chunkedDecoder() async throws -> ChunkedBodyDecoder {
    let head = request(
      .put, "/examplebucket/chunkObject.txt",
      signature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
      signedHeaders:
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        + "x-amz-decoded-content-length;x-amz-storage-class",
      headers: Self.chunkedHeaders, host: "s3.amazonaws.com")
    guard
      case .chunked(let signer, let hasTrailer) = try await authenticate(head).protection
    else { throw S3Error(.internalError) }
    return ChunkedBodyDecoder(signer: signer, hasTrailer: hasTrailer)
  }

  static func chunkedBody() -> [UInt8] {
    var body: [UInt8] = []
    func chunk(_ count: Int, _ signature: String) {
      body += Array("\(String(count, radix: 16));chunk-signature=\(signature)\r\n".utf8)
      body += [UInt8](repeating: UInt8(ascii: "a"), count: count) + Array("\r\n".utf8)
    }
    chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
    chunk(1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
    chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
    return body
  }

  func decode(_ decoder: ChunkedBodyDecoder, _ body: [UInt8], step: Int) throws -> Int {
    var decoder = decoder
    var count = 0
    var start = 0
    while true {
      switch try decoder.next() {
      case .data(let buffer): count += buffer.readableBytes
      case .finished: return count
      case .needsMore:
        guard start < body.count else { throw S3Error(.incompleteBody) }
        let end = min(start + step, body.count)
        decoder.feed(ByteBuffer(bytes: body[start..<end]))
        start = end
      }
    }
  }

  @Test(arguments: [1, 7, 4_096, 100_000]) func chunkedExample(step: Int) async throws {
    let decoder = try await chunkedDecoder()
    #expect(try decode(decoder, Self.chunkedBody(), step: step) == 66_560)
  }

  @Test func aChangedChunkIsRefused() async throws {
    let decoder = try await chunkedDecoder()
    for position in [0, 100, 65_700, 66_700] {
      var body = Self.chunkedBody()
      body[position] ^= 1
      #expect(throws: S3Error.self) { try decode(decoder, body, step: 1_000) }
    }
    #expect(throws: S3Error.self) {
      try decode(decoder, Array(Self.chunkedBody().dropLast(100)), step: 1_000)
    }
  }

  @Test func wrongRequestsAreRefused() async throws {
    let wrong = "00" + String(repeating: "1", count: 62)
    #expect(await code(getObject(signature: wrong)) == .signatureDoesNotMatch)
    #expect(await code(getObject(), at: Self.start + 901_000) == .requestTimeTooSkewed)
    #expect(await code(getObject(), at: Self.start - 901_000) == .requestTimeTooSkewed)
    #expect(await code(getObject(), at: Self.start + 899_000) == nil)
    var unknown = getObject()
    unknown.headerFields[.authorization] = unknown.headerFields[.authorization]?
      .replacing("AKIAIOSFODNN7EXAMPLE", with: "AKIAIOSFODNN7EXAMPLX")
    #expect(await code(unknown) == .invalidAccessKeyID)
    var added = getObject()
    added.headerFields.set("x-amz-meta-added", "1")
    #expect(await code(added) == .accessDenied)
    var anonymous = getObject()
    anonymous.headerFields[.authorization] = nil
    // Nobody's hash of a body proves nothing, but the body must have it.
    #expect(await code(anonymous) == nil)
    anonymous.headerFields.set("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    #expect(await code(anonymous) == .accessDenied)
    var old = getObject()
    old.headerFields[.authorization] = "AWS AKIAIOSFODNN7EXAMPLE:abc"
    #expect(await code(old) == .invalidRequest)
    for broken in ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a,b,c", "AWS4-HMAC-SHA256 ,,="]
    {
      var head = getObject()
      head.headerFields[.authorization] = broken
      #expect(await code(head) == .authorizationHeaderMalformed)
    }
  }
}
