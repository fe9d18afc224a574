import CISAL

/// The three cyclic redundancy checks of S3, streaming and combinable.
struct CyclicRedundancyCheck: Sendable {
  enum Kind: Sendable {
    case crc32, crc32c, crc64NVMe

    /// Bytes of the value.
    var byteCount: Int { self == .crc64NVMe ? 8 : 4 }

    /// The generator polynomial, reflected.
    fileprivate var polynomial: UInt64 {
      switch self {
      case .crc32: 0xEDB8_8320
      case .crc32c: 0x82F6_3B78
      case .crc64NVMe: 0x9A6C_9329_AC4B_C9B5
      }
    }

    fileprivate var width: Int { byteCount * 8 }
  }

  let kind: Kind
  /// The check over what was read so far.
  private(set) var value: UInt64 = 0

  init(_ kind: Kind) { self.kind = kind }

  /// Reads more bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    let pointer = base.assumingMemoryBound(to: UInt8.self)
    switch kind {
    case .crc32:
      value = UInt64(
        crc32_gzip_refl(UInt32(truncatingIfNeeded: value), pointer, UInt64(bytes.count)))
    case .crc32c:
      // ISA-L counts in 32 bits here and leaves the inversions to its caller.
      var state = ~UInt32(truncatingIfNeeded: value)
      var done = 0
      while done < bytes.count {
        let count = min(bytes.count - done, 1 << 30)
        state = crc32_iscsi(
          UnsafeMutablePointer(mutating: pointer + done), Int32(count), state)
        done += count
      }
      value = UInt64(~state)
    case .crc64NVMe: value = CRC64NVMeTable.shared.update(value, bytes)
    }
  }

  /// The value, big-endian, as S3 shows it in base 64.
  var bytes: [UInt8] {
    (0..<kind.byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * (kind.byteCount - 1 - $0))) }
  }

  /// The check of a concatenation from the checks of its two halves: `left` is moved up by the
  /// length of the right half, which is a multiplication by x^(8·length) modulo the polynomial.
  static func combine(
    _ kind: Kind, _ left: UInt64, _ right: UInt64, rightLength: UInt64
  ) -> UInt64 {
    var power = xPower8(kind)  // x^8 in reflected form
    var factor = UInt64(1) << (kind.width - 1)  // x^0
    var length = rightLength
    while length > 0 {
      if length & 1 == 1 { factor = multiply(kind, factor, power) }
      power = multiply(kind, power, power)
      length >>= 1
    }
    return multiply(kind, left, factor) ^ right
  }

  private static func xPower8(_ kind: Kind) -> UInt64 { UInt64(1) << (kind.width - 1 - 8) }

  /// The product of two reflected polynomials modulo the generator.
  private static func multiply(_ kind: Kind, _ a: UInt64, _ b: UInt64) -> UInt64 {
    var product: UInt64 = 0
    var b = b
    for bit in stride(from: kind.width - 1, through: 0, by: -1) {
      if (a >> UInt64(bit)) & 1 == 1 { product ^= b }
      let carry = b & 1
      b >>= 1
      if carry == 1 { b ^= kind.polynomial }
    }
    return product
  }
}

/// CRC-64/NVME, eight bytes at a time: ISA-L 2.30 lacks this polynomial.
private final class CRC64NVMeTable: Sendable {
  static let shared = CRC64NVMeTable()

  /// Eight tables of 256, one behind the other: table k is for a byte that k more bytes follow.
  private let table: [UInt64]

  private init() {
    let polynomial = CyclicRedundancyCheck.Kind.crc64NVMe.polynomial
    var table = [UInt64](repeating: 0, count: 8 * 256)
    for index in 0..<256 {
      var crc = UInt64(index)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ polynomial : crc >> 1 }
      table[index] = crc
    }
    for index in 256..<table.count {
      let previous = table[index - 256]
      table[index] = previous >> 8 ^ table[Int(previous & 255)]
    }
    self.table = table
  }

  func update(_ crc: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
    table.withUnsafeBufferPointer { table in
      var state = ~crc
      var offset = 0
      while offset + 8 <= bytes.count {
        state ^= UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        state =
          table[1_792 + Int(state & 255)] ^ table[1_536 + Int(state >> 8 & 255)]
          ^ table[1_280 + Int(state >> 16 & 255)] ^ table[1_024 + Int(state >> 24 & 255)]
          ^ table[768 + Int(state >> 32 & 255)] ^ table[512 + Int(state >> 40 & 255)]
          ^ table[256 + Int(state >> 48 & 255)] ^ table[Int(state >> 56)]
        offset += 8
      }
      while offset < bytes.count {
        state = table[Int((state ^ UInt64(bytes[offset])) & 255)] ^ state >> 8
        offset += 1
      }
      return ~state
    }
  }
}
