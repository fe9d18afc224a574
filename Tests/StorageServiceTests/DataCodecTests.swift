import Cryptography
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@Suite struct DataCodecTests {
  @Test func encodingsAreWhatTheyWere() throws {
    let golden = Golden("storage-data")
    var failures: [String] = []
    func check(_ name: String, _ value: some CanonicalCodable) {
      do { try golden.check(name, Digest.sha256(value.canonicalBytes()).hex) } catch {
        failures.append("\(error)")
      }
    }
    for (name, value) in DataSamples.mutations + DataSamples.laterMutations {
      check("mutation." + name, value)
    }
    for (name, value) in DataSamples.requests { check("request." + name, value) }
    for (name, value) in DataSamples.responses { check("response." + name, value) }
    check(
      "stripe-header",
      StripeHeader(logLength: 1, dataLength: 2, firstLogSequence: 3, segment: 4))
    check("blob", DataSamples.blob)
    check("record", DataSamples.records[0])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  @Test func everyValueReadsBack() throws {
    for (_, value) in DataSamples.requests {
      #expect(try StorageRequest(canonicalBytes: value.canonicalBytes()) == value)
    }
    for (_, value) in DataSamples.responses {
      #expect(try StorageResponse(canonicalBytes: value.canonicalBytes()) == value)
    }
    for (_, mutation) in DataSamples.laterMutations {
      #expect(try LogRecord.Mutation(canonicalBytes: mutation.canonicalBytes()) == mutation)
    }
    for record in DataSamples.records {
      #expect(try LogRecord(canonicalBytes: record.canonicalBytes()) == record)
    }
    for precondition in [
      WritePrecondition.none, .ifAbsent, .ifETag("a"), .ifPresent, .unlessETag("a"),
      .ifExpected(.init()), .ifExpected(.init(etag: "a", modifiedSeconds: 1, length: 2)),
    ] {
      #expect(
        try WritePrecondition(canonicalBytes: precondition.canonicalBytes()) == precondition)
    }
  }

  @Test func anOrderUnderNoEpochHasOneEncoding() throws {
    let order = DataSamples.control(.listHeld(after: 3)).message
    var encoder = CanonicalEncoder()
    encoder.encode(order.chain)
    encoder.encode(order.lease)
    encoder.encode(order.provider)
    encoder.encode(UInt8(26))
    encoder.encode(UInt64(0))
    encoder.encode(order.action)
    encoder.encode(order.expiry)
    #expect(throws: CodecError.self) { try ControlOrder(canonicalBytes: encoder.bytes) }
  }

  @Test func truncatedAndExtendedBytesAreRefused() {
    for (name, value) in DataSamples.requests {
      let bytes = value.canonicalBytes()
      for count in 0..<bytes.count {
        #expect(throws: CodecError.self, "\(name) cut to \(count)") {
          try StorageRequest(canonicalBytes: Array(bytes.prefix(count)))
        }
      }
      #expect(throws: CodecError.trailingBytes(count: 1)) {
        try StorageRequest(canonicalBytes: bytes + [0])
      }
    }
  }

  @Test func impossibleNumbersAreRefused() throws {
    let append = DataSamples.append
    func order(offset: UInt64, length: UInt32) -> [UInt8] {
      AppendOrder(
        chain: append.chain, lease: append.lease, group: append.group, segment: 1, slot: 0,
        fencingEpoch: 1, offset: offset, length: length, runningRoot: .zero
      ).canonicalBytes()
    }
    #expect(throws: CodecError.self) {
      try AppendOrder(canonicalBytes: order(offset: 0, length: 0))
    }
    #expect(throws: CodecError.self) {
      try AppendOrder(canonicalBytes: order(offset: 0, length: 1 << 20 | 1))
    }
    #expect(throws: CodecError.self) {
      try AppendOrder(canonicalBytes: order(offset: .max, length: 1))
    }
    var extent = CanonicalEncoder()
    extent.encode(UInt64(1))
    for number in [UInt32(1), .max, 1] { extent.encode(number) }
    #expect(throws: CodecError.self) { try Extent(canonicalBytes: extent.bytes) }
    let part = ManifestPart(key: .zero, totalBytes: 5, offset: 6)
    #expect(throws: CodecError.self) { try ManifestPart(canonicalBytes: part.canonicalBytes()) }
    var header = StripeHeader(logLength: 0, dataLength: 0, firstLogSequence: 0, segment: 0)
      .canonicalBytes()
    header[15] = 1
    #expect(throws: CodecError.self) { try StripeHeader(canonicalBytes: header) }
  }

  @Test func partNumbersMustAscend() {
    let upload = LogRecord.CompleteUpload(
      bucket: "b", key: "k", upload: DataSamples.attempt, partNumbers: [2, 2],
      partsDigest: .zero, etag: "",
      checksums: [])
    #expect(throws: CodecError.self) {
      try LogRecord.CompleteUpload(canonicalBytes: upload.canonicalBytes())
    }
  }

  /// Mutated messages never trap, and what is accepted encodes to the same bytes.
  @Test func noBytesTrapADecoder() {
    var generator = SeededGenerator.fromEnvironment(default: 0x5EED_DA7A)
    let seeds =
      DataSamples.requests.map { $0.value.canonicalBytes() }
      + DataSamples.responses.map { $0.value.canonicalBytes() }
      + DataSamples.records.map { $0.canonicalBytes() }
    for _ in 0..<20_000 {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: generator.bytes(3), at: place)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      check(StorageRequest.self, bytes)
      check(StorageResponse.self, bytes)
      check(LogRecord.self, bytes)
      check(StripeHeader.self, bytes)
      check(StoredBlob.self, bytes)
      check(SlotStatement.self, bytes)
      _ = try? LinkMessage.decode(StorageRequest.self, bytes)
    }
  }

  private func check<T: CanonicalCodable>(_ type: T.Type, _ bytes: [UInt8]) {
    guard let value = try? T(canonicalBytes: bytes) else { return }
    #expect(value.canonicalBytes() == bytes, "\(T.self) has two encodings: \(bytes.hex)")
  }

  @Test func aMessageKeepsItsTail() throws {
    let request = DataSamples.requests[0].value
    let bytes = LinkMessage.encode(request, tail: [9, 8, 7])
    let (header, tail) = try LinkMessage.decode(StorageRequest.self, bytes)
    #expect(header == request)
    #expect(Array(tail) == [9, 8, 7])
    #expect(throws: CodecError.self) {
      try LinkMessage.decode(StorageRequest.self, Array(bytes.prefix(20)))
    }
    #expect(throws: CodecError.self) { try LinkMessage.headerLength(.max, available: .max) }
  }

  @Test func signaturesBindEveryByteAndTheirPurpose() throws {
    let signed = Signed(DataSamples.append, by: DataSamples.key)
    #expect(signed.isSigned(by: DataSamples.key.accountID))
    #expect(!signed.isSigned(by: SigningKey(seed: .zero).accountID))
    let other = AppendOrder(
      chain: DataSamples.chain, lease: DataSamples.lease, group: PlacementGroupID(number: 2),
      segment: 3, slot: 4, fencingEpoch: 5, offset: 4_096, length: 8_193,
      runningRoot: DataSamples.root)
    #expect(
      !Signed(other, signature: signed.signature).isSigned(by: DataSamples.key.accountID))
    // The same bytes signed as something else are no order.
    let bytes = DataSamples.append.canonicalBytes()
    let forged = DataSamples.key.sign(domain: "storage-acknowledgement", bytes)
    #expect(
      !Signed(DataSamples.append, signature: forged).isSigned(by: DataSamples.key.accountID))
  }

  @Test func refusalsHaveNames() {
    #expect(StorageRefusal.Code.diskQuota.name == "disk-quota")
    #expect(
      Set(StorageRefusal.Code.allCases.map(\.name)).count == StorageRefusal.Code.allCases.count)
  }
}
