import Cryptography
import Primitives
import ServiceKit

/// Demands, on the ledger, leaves that a provider acknowledged. The provider's signature is enough;
/// anyone may send it.
package struct ForceRetrieval: Hashable, Sendable, CanonicalCodable {
  /// The most bytes that one demand asks for.
  package static let byteLimit: UInt64 = 65_536

  package let acknowledgement: Signed<Acknowledgement>
  /// The first leaf of the shard and how many, in the class's leaf size.
  package let firstLeaf: UInt64
  package let leafCount: UInt32

  package init(acknowledgement: Signed<Acknowledgement>, firstLeaf: UInt64, leafCount: UInt32) {
    self.acknowledgement = acknowledgement
    self.firstLeaf = firstLeaf
    self.leafCount = leafCount
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(acknowledgement)
    encoder.encode(firstLeaf)
    encoder.encode(leafCount)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    acknowledgement = try decoder.decode()
    firstLeaf = try decoder.decodeUInt64()
    leafCount = try decoder.decodeUInt32()
  }
}

/// A provider's answer to a forced retrieval.
package struct AnswerRetrieval: Hashable, Sendable, CanonicalCodable {
  /// What it answers.
  package enum Answer: Hashable, Sendable {
    /// The leaves' bytes, one after the other, and the range proof to the running root.
    case leaves(bytes: [UInt8], proof: [Digest])
    /// The customer's own order to throw the shard away.
    case dropped(Signed<ControlOrder>)
  }

  package let retrieval: RetrievalID
  package let answer: Answer

  package init(retrieval: RetrievalID, answer: Answer) {
    self.retrieval = retrieval
    self.answer = answer
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(retrieval)
    switch answer {
    case .leaves(let bytes, let proof):
      encoder.encode(UInt8(1))
      encoder.encode(bytes)
      encoder.encode(proof)
    case .dropped(let order):
      encoder.encode(UInt8(2))
      encoder.encode(order)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    retrieval = try decoder.decode()
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 1:
      answer = .leaves(
        bytes: try decoder.decodeBytes(limit: Int(ForceRetrieval.byteLimit)),
        proof: try decoder.decodeArray(limit: 128))
    case 2: answer = .dropped(try decoder.decode())
    default: throw .unknownCase(type: "AnswerRetrieval.Answer", byte: byte)
    }
  }
}
