import Cryptography
import Primitives

/// One entry of a block. The first of every block is `.extensions`; no other is.
package enum BlockItem: Hashable, Sendable, CanonicalCodable {
  /// What the validators added to their votes.
  case extensions(ExtensionItem)
  case signed(SignedTransaction)

  /// An item 0 with contributions to the beacon only, ascending by validator.
  package static func beacon(_ contributions: [BeaconContribution]) -> BlockItem {
    .extensions(ExtensionItem(contributions: contributions))
  }

  /// The most bytes that an item may have: the largest payload of a service and its envelope.
  package static let byteLimit = Operation.payloadByteLimit + 4096

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .signed(let transaction):
      encoder.encode(UInt8(1))
      encoder.encode(transaction)
    case .extensions(let item):
      encoder.encode(UInt8(2))
      encoder.encode(item)
    }
  }

  /// Byte 0 was a beacon without prices and is not used again.
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let kind = try decoder.decodeUInt8()
    switch kind {
    case 1: self = .signed(try decoder.decode())
    case 2: self = .extensions(try decoder.decode())
    default: throw .unknownCase(type: "BlockItem", byte: kind)
    }
  }
}
