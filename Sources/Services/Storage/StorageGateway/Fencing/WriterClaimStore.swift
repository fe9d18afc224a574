import Foundation
import NodeLink
import Primitives

/// By which claims a gateway's directory knows that it is the writer that the ledger names.
struct WriterClaims: Hashable, Sendable, Codable {
  /// The claim that was seen on the ledger.
  var held: String?
  /// The claim that was submitted last; whether it got through may not be known.
  var submitted: String?

  /// Whether the ledger's claim is one of this directory's.
  func include(_ claim: Digest) -> Bool { held == claim.hex || submitted == claim.hex }
}

/// The claims in a small file of the gateway's directory. It belongs to the index beside it: an old
/// copy of the directory has an old claim and is fenced.
package struct WriterClaimStore: Sendable {
  private let path: String

  package init(path: String) { self.path = path }

  /// - Throws: ``AtomicFile/Failure``, or a decoding error when the file is damaged.
  func load() throws -> WriterClaims {
    guard let bytes = try AtomicFile.read(path, limit: 4_096) else { return WriterClaims() }
    return try JSONDecoder().decode(WriterClaims.self, from: Data(bytes))
  }

  /// Durable on return. - Throws: ``AtomicFile/Failure``.
  func save(_ claims: WriterClaims) throws {
    try AtomicFile.write(Array(JSONEncoder().encode(claims)), to: path)
  }
}
