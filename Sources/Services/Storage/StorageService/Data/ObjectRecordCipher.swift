import Cryptography
import Primitives

/// Where plain bytes lie among sealed ones: a blob is cut into records of 64 KiB of plain text,
/// each 16 bytes longer when sealed. An empty blob has no record.
package enum RecordMath {
  /// Bytes of plain text in every record but the last.
  package static let plainBytes: UInt64 = 65_536
  /// Bytes of a record's authentication tag.
  package static let tagBytes: UInt64 = 16
  /// Bytes of every sealed record but the last.
  package static let sealedBytes = plainBytes + tagBytes

  /// How many records `length` bytes of plain text have.
  package static func recordCount(of length: UInt64) -> UInt64 {
    length == 0 ? 0 : (length - 1) / plainBytes + 1
  }

  /// How many bytes `length` bytes of plain text have when sealed. Saturates at the largest number.
  package static func sealedLength(of length: UInt64) -> UInt64 {
    length.addingSaturated(recordCount(of: length) * tagBytes)
  }

  /// Bytes of plain text in record `number` of a blob of `length` bytes; 0 beyond the last.
  package static func plainLength(ofRecord number: UInt64, of length: UInt64) -> Int {
    guard number < recordCount(of: length) else { return 0 }
    return Int(min(plainBytes, length - number * plainBytes))
  }

  /// What must be read, opened and cut in order to get a range of plain text.
  package struct Window: Hashable, Sendable {
    /// The records that hold the range.
    package let records: Range<UInt64>
    /// Their bytes among the blob's sealed bytes.
    package let sealed: Range<UInt64>
    /// How many bytes of the first record's plain text come before the range.
    package let skip: Int
  }

  /// The records that hold plain bytes `range` of a blob of `length` bytes; nil when the range is
  /// empty or reaches beyond the end.
  package static func window(of range: Range<UInt64>, length: UInt64) -> Window? {
    guard !range.isEmpty, range.upperBound <= length else { return nil }
    let first = range.lowerBound / plainBytes
    let end = (range.upperBound - 1) / plainBytes + 1
    let (start, overflow) = first.multipliedReportingOverflow(by: sealedBytes)
    if overflow { return nil }
    let (full, endOverflow) = end.multipliedReportingOverflow(by: sealedBytes)
    let total = sealedLength(of: length)
    return Window(
      records: first..<end, sealed: start..<(endOverflow ? total : min(full, total)),
      skip: Int(range.lowerBound - first * plainBytes))
  }
}

/// Seals and opens the records of one attempt.
///
/// A record is bound to its attempt, its number and to whether it is the last, so that records
/// cannot be moved, swapped, dropped from the end or taken from another object unnoticed.
package struct ObjectRecordCipher: Sendable {
  private let key: SymmetricKeyBytes
  private let attempt: [UInt8]

  package init(key: SymmetricKeyBytes, attempt: AttemptID) {
    self.key = key
    self.attempt = attempt.bytes
  }

  /// The nonce of a record: its number, three zero bytes, and 1 if it is the last.
  package static func nonce(record: UInt64, isLast: Bool) -> [UInt8] {
    var encoder = CanonicalEncoder(reserving: 12)
    encoder.encode(record)
    encoder.append(raw: [0, 0, 0, isLast ? 1 : 0])
    return encoder.bytes
  }

  /// Seals one record of 1 … 65,536 bytes.
  /// - Throws: ``StoredDataError/outOfRange(_:)`` for an impossible size.
  package func seal(
    _ plain: [UInt8], record: UInt64, isLast: Bool
  ) throws(StoredDataError) -> [UInt8] {
    try check(count: plain.count, record: record, isLast: isLast)
    return AuthenticatedCipher.seal(
      plain, key: key, nonce: Self.nonce(record: record, isLast: isLast), authenticating: attempt)
  }

  /// Seals one record of 1 … 65,536 bytes from memory into memory.
  /// - Precondition: `target` has 16 bytes more than `plain`.
  /// - Throws: ``StoredDataError/outOfRange(_:)`` for an impossible size.
  package func seal(
    _ plain: UnsafeRawBufferPointer, record: UInt64, isLast: Bool,
    into target: UnsafeMutableRawBufferPointer
  ) throws(StoredDataError) {
    try check(count: plain.count, record: record, isLast: isLast)
    AuthenticatedCipher.seal(
      plain, key: key, nonce: Self.nonce(record: record, isLast: isLast), authenticating: attempt,
      into: target)
  }

  private func check(count: Int, record: UInt64, isLast: Bool) throws(StoredDataError) {
    let full = Int(RecordMath.plainBytes)
    guard count > 0, isLast ? count <= full : count == full else {
      throw .outOfRange("record \(record) has \(count) bytes; every one but the last has \(full)")
    }
  }

  /// Opens one record.
  /// - Throws: ``StoredDataError/notAuthentic(_:)``.
  package func open(
    _ sealed: [UInt8], record: UInt64, isLast: Bool
  ) throws(StoredDataError) -> [UInt8] {
    let opened = try? AuthenticatedCipher.open(
      sealed, key: key, nonce: Self.nonce(record: record, isLast: isLast), authenticating: attempt)
    guard let opened else {
      throw .notAuthentic("record \(record) is not what was sealed in this attempt")
    }
    return opened
  }

  /// Opens the records of `window` of a blob of `length` plain bytes, one after the other, from
  /// memory into memory.
  /// - Precondition: `target` has as many bytes as the records have plain ones.
  /// - Throws: ``StoredDataError``; what `target` holds then means nothing.
  package func open(
    _ sealed: UnsafeRawBufferPointer, window: RecordMath.Window, length: UInt64,
    into target: UnsafeMutableRawBufferPointer
  ) throws(StoredDataError) {
    guard UInt64(sealed.count) == window.sealed.upperBound - window.sealed.lowerBound else {
      throw .outOfRange("\(sealed.count) sealed bytes for \(window.sealed)")
    }
    let tag = Int(RecordMath.tagBytes)
    let last = RecordMath.recordCount(of: length) - 1
    var (read, written) = (0, 0)
    for number in window.records {
      let plain = RecordMath.plainLength(ofRecord: number, of: length)
      guard read + plain + tag <= sealed.count, written + plain <= target.count else {
        throw .outOfRange("record \(number) is cut short")
      }
      do throws(CipherError) {
        try AuthenticatedCipher.open(
          UnsafeRawBufferPointer(rebasing: sealed[read..<read + plain + tag]), key: key,
          nonce: Self.nonce(record: number, isLast: number == last), authenticating: attempt,
          into: UnsafeMutableRawBufferPointer(rebasing: target[written..<written + plain]))
      } catch { throw .notAuthentic("record \(number) is not what was sealed in this attempt") }
      read += plain + tag
      written += plain
    }
  }

  /// Seals a whole blob; for small ones and tests.
  package func sealAll(_ plain: [UInt8]) throws(StoredDataError) -> [UInt8] {
    var sealed: [UInt8] = []
    let length = UInt64(plain.count)
    let count = RecordMath.recordCount(of: length)
    sealed.reserveCapacity(Int(RecordMath.sealedLength(of: length)))
    for number in 0..<count {
      let start = Int(number * RecordMath.plainBytes)
      let end = start + RecordMath.plainLength(ofRecord: number, of: length)
      sealed += try seal(
        Array(plain[start..<end]), record: number, isLast: number == count - 1)
    }
    return sealed
  }

  /// Opens the records of `window` of a blob of `length` plain bytes and returns exactly `range`.
  /// - Throws: ``StoredDataError``.
  package func open(
    _ sealed: [UInt8], window: RecordMath.Window, range: Range<UInt64>, length: UInt64
  ) throws(StoredDataError) -> [UInt8] {
    guard UInt64(sealed.count) == window.sealed.upperBound - window.sealed.lowerBound else {
      throw .outOfRange("\(sealed.count) sealed bytes for \(window.sealed)")
    }
    var plain: [UInt8] = []
    var position = 0
    let count = RecordMath.recordCount(of: length)
    for number in window.records {
      let end =
        position + RecordMath.plainLength(ofRecord: number, of: length)
        + Int(RecordMath.tagBytes)
      guard end <= sealed.count else { throw .outOfRange("record \(number) is cut short") }
      plain += try open(
        Array(sealed[position..<end]), record: number, isLast: number == count - 1)
      position = end
    }
    let wanted = Int(range.upperBound - range.lowerBound)
    guard window.skip + wanted <= plain.count else {
      throw .outOfRange("the window does not hold the range")
    }
    return Array(plain[window.skip..<window.skip + wanted])
  }
}
