import Cryptography
import Primitives

/// One validator's part of a block's beacon, proving itself.
package struct BeaconContribution: Hashable, Sendable, CanonicalCodable {
  package let validator: AccountID
  package let proof: VerifiableRandomProof

  package init(validator: AccountID, proof: VerifiableRandomProof) {
    self.validator = validator
    self.proof = proof
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(validator)
    encoder.encode(proof)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    validator = try decoder.decode()
    proof = try decoder.decode()
  }
}

/// One entry of a block. The first of every block is `.beacon`; no other is.
package enum BlockItem: Hashable, Sendable, CanonicalCodable {
  /// The validators' contributions, strictly ascending by account.
  case beacon([BeaconContribution])
  case signed(SignedTransaction)

  /// The most bytes that an item may have: the largest payload of a service and its envelope.
  package static let byteLimit = Operation.payloadByteLimit + 4096

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .beacon(let contributions):
      encoder.encode(UInt8(0))
      encoder.encode(contributions)
    case .signed(let transaction):
      encoder.encode(UInt8(1))
      encoder.encode(transaction)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let kind = try decoder.decodeUInt8()
    switch kind {
    case 0: self = .beacon(try decoder.decodeArray(limit: 1024))
    case 1: self = .signed(try decoder.decode())
    default: throw .unknownCase(type: "BlockItem", byte: kind)
    }
  }
}
