import Primitives
import ServiceKit

/// Something that happened in a block, as it is kept.
package struct StoredEvent: Hashable, Sendable, CanonicalCodable {
  /// The item in which it happened; nil for the block's own part (deadlines, draws, epochs).
  package let itemIndex: UInt32?
  package let event: ServiceEvent

  package init(itemIndex: UInt32?, event: ServiceEvent) {
    self.itemIndex = itemIndex
    self.event = event
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(itemIndex)
    encoder.encode(event.kind)
    encoder.encode(UInt32(event.attributes.count))
    for attribute in event.attributes {
      encoder.encode(attribute.name)
      encoder.encode(attribute.value)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    itemIndex = try decoder.decodeOptional()
    let kind = try decoder.decodeString(limit: 256)
    let count = try decoder.decodeCount(limit: 4096, minimumElementSize: 8)
    var attributes: [(name: String, value: String)] = []
    for _ in 0..<count {
      let name = try decoder.decodeString(limit: 256)
      attributes.append((name, try decoder.decodeString(limit: 1 << 20)))
    }
    event = ServiceEvent(kind, attributes)
  }
}

/// What became of one item.
package struct StoredItemResult: Hashable, Sendable, CanonicalCodable {
  /// 0, or the stable number of the refusal.
  package let code: UInt32
  /// The refusal's short name; empty when there is none.
  package let codeName: String
  /// What was wrong, for people.
  package let detail: String

  package init(code: UInt32, codeName: String, detail: String) {
    self.code = code
    self.codeName = codeName
    self.detail = detail
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(code)
    encoder.encode(codeName)
    encoder.encode(detail)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    code = try decoder.decodeUInt32()
    codeName = try decoder.decodeString(limit: 256)
    detail = try decoder.decodeString(limit: String.canonicalByteLimit)
  }
}

/// What a block did.
package struct StoredResults: Hashable, Sendable, CanonicalCodable {
  /// One result an item, in their order.
  package let results: [StoredItemResult]
  /// Everything that happened, in order.
  package let events: [StoredEvent]
  /// The state root after the block.
  package let stateRoot: Digest

  package init(results: [StoredItemResult], events: [StoredEvent], stateRoot: Digest) {
    self.results = results
    self.events = events
    self.stateRoot = stateRoot
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(results)
    encoder.encode(events)
    encoder.encode(stateRoot)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    results = try decoder.decodeArray(limit: StoredBlock.itemLimit)
    events = try decoder.decodeArray(limit: 10_000_000)
    stateRoot = try decoder.decode()
  }
}
