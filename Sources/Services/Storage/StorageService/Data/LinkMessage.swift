import Primitives

/// A message of the storage protocol as the node link carries it:
/// u32 length of the header ‖ header (canonical) ‖ tail (raw, to the end).
///
/// The tail is a chunk of up to 1 MiB. It stays outside of the codec, so that the shells can take
/// it from, and write it to, a network buffer as a slice.
package enum LinkMessage {
  /// The largest header: a manifest-free message is far below it.
  package static let headerByteLimit = 1 << 20
  /// Bytes of the header's length.
  package static let lengthBytes = 4

  /// What comes before the tail.
  package static func prefix(_ header: some CanonicalCodable) -> [UInt8] {
    let bytes = header.canonicalBytes()
    var encoder = CanonicalEncoder(reserving: bytes.count + lengthBytes)
    encoder.encode(bytes)
    return encoder.bytes
  }

  /// The length of a header, checked against ``headerByteLimit`` and what there is.
  /// - Parameters:
  ///   - length: the first four bytes, big-endian.
  ///   - available: how many bytes follow them.
  /// - Throws: ``CodecError``.
  package static func headerLength(_ length: UInt32, available: Int) throws(CodecError) -> Int {
    guard Int(length) <= headerByteLimit else {
      throw .tooLong(count: Int(length), limit: headerByteLimit)
    }
    guard Int(length) <= available else {
      throw .truncated(offset: available, needed: Int(length) - available)
    }
    return Int(length)
  }

  /// A whole message in one array.
  package static func encode(_ header: some CanonicalCodable, tail: [UInt8] = []) -> [UInt8] {
    prefix(header) + tail
  }

  /// Takes a message apart.
  /// - Throws: ``CodecError``.
  package static func decode<Header: CanonicalCodable>(
    _ type: Header.Type = Header.self, _ bytes: [UInt8]
  ) throws(CodecError) -> (header: Header, tail: ArraySlice<UInt8>) {
    var decoder = CanonicalDecoder(bytes)
    let raw = try decoder.decodeBytes(limit: headerByteLimit)
    return (try Header(canonicalBytes: raw), bytes[decoder.offset...])
  }
}
