/// The few wire types of Protocol Buffers that CometBFT hashes and signs over, in its one canonical
/// form: fields ascending, default values left out.
///
/// A hash's pre-image has exactly one encoding, so it is written here and not by a general library,
/// whose output may change with its version.
struct ProtobufEncoder {
  private(set) var bytes: [UInt8] = []

  /// An unsigned varint without a field.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A whole number; left out when it is 0. Negative ones take ten bytes, as `int64` does.
  mutating func encode(_ value: Int64, field: UInt64) {
    guard value != 0 else { return }
    append(varint: field << 3)
    append(varint: UInt64(bitPattern: value))
  }

  /// A whole number of eight bytes, little-endian (`sfixed64`); left out when it is 0.
  mutating func encode(fixed value: Int64, field: UInt64) {
    guard value != 0 else { return }
    append(varint: field << 3 | 1)
    for shift in stride(from: 0, to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift)))
    }
  }

  /// Bytes or text; left out when they are empty.
  mutating func encode(_ value: [UInt8], field: UInt64) {
    guard !value.isEmpty else { return }
    encode(message: value, field: field)
  }

  /// An embedded message, written also when it is empty.
  mutating func encode(message: [UInt8], field: UInt64) {
    append(varint: field << 3 | 2)
    append(varint: UInt64(message.count))
    bytes += message
  }

  /// The bytes of a message that `build` writes.
  static func message(_ build: (inout ProtobufEncoder) -> Void) -> [UInt8] {
    var encoder = ProtobufEncoder()
    build(&encoder)
    return encoder.bytes
  }
}
