import Cryptography
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@Suite struct DataCipherTests {
  private let cipher = ObjectRecordCipher(key: DataSamples.dataKey, attempt: DataSamples.attempt)

  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
  func everyRangeReadsBack(length: Int) throws {
    var generator = SeededGenerator(seed: UInt64(length) + 1)
    let plain = generator.bytes(length)
    let sealed = try cipher.sealAll(plain)
    #expect(UInt64(sealed.count) == RecordMath.sealedLength(of: UInt64(length)))
    for _ in 0..<(length == 0 ? 0 : 40) {
      let low = Int.random(in: 0..<length, using: &generator)
      let high = Int.random(in: low + 1...length, using: &generator)
      let range = UInt64(low)..<UInt64(high)
      let window = try #require(RecordMath.window(of: range, length: UInt64(length)))
      let part = Array(sealed[Int(window.sealed.lowerBound)..<Int(window.sealed.upperBound)])
      let opened = try cipher.open(part, window: window, range: range, length: UInt64(length))
      #expect(opened == Array(plain[low..<high]))
    }
  }

  @Test func rangesBeyondTheEndHaveNoWindow() {
    #expect(RecordMath.window(of: 0..<0, length: 10) == nil)
    #expect(RecordMath.window(of: 5..<11, length: 10) == nil)
    #expect(RecordMath.window(of: 0..<1, length: 0) == nil)
    #expect(RecordMath.window(of: (.max - 1)..<UInt64.max, length: .max) == nil)
    #expect(RecordMath.sealedLength(of: .max) == .max)
  }

  @Test func recordsAreBoundToTheirPlace() throws {
    let plain = [UInt8](repeating: 7, count: 65_536)
    let sealed = try cipher.seal(plain, record: 1, isLast: false)
    #expect(try cipher.open(sealed, record: 1, isLast: false) == plain)
    #expect(throws: StoredDataError.self) { try cipher.open(sealed, record: 2, isLast: false) }
    #expect(throws: StoredDataError.self) { try cipher.open(sealed, record: 1, isLast: true) }
    let other = ObjectRecordCipher(key: DataSamples.dataKey, attempt: AttemptID(number: 1))
    #expect(throws: StoredDataError.self) { try other.open(sealed, record: 1, isLast: false) }
    #expect(throws: StoredDataError.self) { try cipher.seal([], record: 0, isLast: true) }
    #expect(throws: StoredDataError.self) { try cipher.seal([1], record: 0, isLast: false) }
  }

  @Test func sealedBytesAreWhatTheyWere() throws {
    let golden = Golden("storage-data")
    let sealed = try cipher.sealAll((0..<70_000).map { UInt8(truncatingIfNeeded: $0) })
    try golden.check("cipher.records", Digest.sha256(sealed).hex)
    let wrapped = WrappedDataKey(
      DataSamples.dataKey, attempt: DataSamples.attempt, bucketKey: DataSamples.bucketKey)
    try golden.check("cipher.wrapped-key", wrapped.bytes.hex)
    let section = try SealedLogSection.seal(
      DataSamples.records, key: DataSamples.dataKey, nonce: [UInt8](repeating: 3, count: 12),
      segment: SegmentID(lease: DataSamples.lease, number: 3), stripe: 4)
    try golden.check("cipher.log-section", Digest.sha256(section).hex)
  }

  @Test func dataKeysUnwrapInTheirBucketOnly() throws {
    let wrapped = WrappedDataKey(
      DataSamples.dataKey, attempt: DataSamples.attempt, bucketKey: DataSamples.bucketKey)
    let key = try wrapped.unwrap(
      attempt: DataSamples.attempt, bucketKey: DataSamples.bucketKey)
    #expect(key.value == DataSamples.dataKey.value)
    #expect(throws: StoredDataError.self) {
      try wrapped.unwrap(attempt: DataSamples.attempt, bucketKey: DataSamples.dataKey)
    }
    #expect(throws: StoredDataError.self) {
      try wrapped.unwrap(attempt: AttemptID(number: 1), bucketKey: DataSamples.bucketKey)
    }
  }

  @Test func logSectionsAreBoundToTheirStripe() throws {
    let segment = SegmentID(lease: DataSamples.lease, number: 3)
    let nonce = [UInt8](repeating: 3, count: 12)
    let sealed = try SealedLogSection.seal(
      DataSamples.records, key: DataSamples.dataKey, nonce: nonce, segment: segment, stripe: 4)
    #expect(sealed.count == SealedLogSection.byteCount(of: DataSamples.records))
    let opened = try SealedLogSection.open(
      sealed, key: DataSamples.dataKey, segment: segment, stripe: 4)
    #expect(opened == DataSamples.records)
    #expect(throws: StoredDataError.self) {
      try SealedLogSection.open(sealed, key: DataSamples.dataKey, segment: segment, stripe: 5)
    }
    #expect(throws: StoredDataError.self) {
      try SealedLogSection.open(
        Array(sealed.prefix(20)), key: DataSamples.dataKey, segment: segment, stripe: 4)
    }
    #expect(
      try SealedLogSection.open([], key: DataSamples.dataKey, segment: segment, stripe: 4) == [])
  }
}
