import Foundation
import Primitives
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

@Suite struct IndexTests {
  static func blob(_ number: UInt128, segment: UInt64 = 1, length: UInt64 = 100) -> StoredBlob {
    StoredBlob(
      attempt: AttemptID(number: number),
      wrappedKey: WrappedDataKey(bytes: [UInt8](repeating: UInt8(number), count: 48))!,
      length: length,
      extents: [Extent(segment: segment, stripe: 0, offset: 32, length: UInt32(length) + 16)])
  }

  static func put(
    _ key: String, _ blobs: [StoredBlob], etag: String = "e",
    precondition: WritePrecondition = .none
  ) -> LogRecord.Mutation {
    .putObject(
      LogRecord.PutObject(
        bucket: "b", key: key, blobs: blobs, etag: etag,
        attributes: ObjectAttributes(contentType: "t"), checksums: [], precondition: precondition))
  }

  static func records(_ mutations: [LogRecord.Mutation], from first: UInt64 = 1) -> [LogRecord] {
    mutations.enumerated().map { offset, mutation in
      LogRecord(
        sequence: first + UInt64(offset), unixMilliseconds: 1_000 * (first + UInt64(offset)),
        mutation: mutation)
    }
  }

  static let bucket = LogRecord.Mutation.createBucket(bucket: "b", region: "r")

  func live(_ index: ObjectIndex) async throws -> [UInt64: UInt64] {
    var live: [UInt64: UInt64] = [:]
    for use in try await index.segmentUse() { live[use.segment] = use.live }
    return live
  }

  @Test func recordsAreAppliedOnceAndInOrder() async throws {
    let directory = try TemporaryDirectory("index")
    let index = try ObjectIndex(path: directory.file("i.sqlite"))
    let records = Self.records([
      Self.bucket, Self.put("k", [Self.blob(1)]), Self.put("k", [Self.blob(2, segment: 2)]),
    ])
    _ = try await index.apply(Array(records.prefix(2)).reversed())
    _ = try await index.apply(records)
    _ = try await index.apply(records)
    #expect(try await index.appliedSequence() == 3)
    #expect(try await live(index) == [1: 0, 2: 116])
    await #expect(throws: IndexError.sequenceGap(expected: 4, got: 5)) {
      try await index.apply(Self.records([Self.put("z", [])], from: 5))
    }
    let reopened = try ObjectIndex(path: directory.file("i.sqlite"))
    #expect(try await reopened.appliedSequence() == 3)
    let bucket = try #require(try await reopened.bucket(named: "b"))
    let object = try await reopened.object(Array("k".utf8), in: bucket, withBlobs: true)
    #expect(object?.blobs.map(\.blob) == [Self.blob(2, segment: 2)])
    #expect(object?.summary.modifiedMilliseconds == 3_000)
  }

  @Test func refusalsHaveNoEffectAndAreTheSameOnReplay() async throws {
    let directory = try TemporaryDirectory("index")
    let mutations: [LogRecord.Mutation] = [
      Self.put("k", [Self.blob(1)]), Self.bucket, Self.bucket,
      Self.put("k", [Self.blob(2)], precondition: .ifETag("x")),
      Self.put("k", [Self.blob(3)], etag: "one", precondition: .ifAbsent),
      Self.put("k", [Self.blob(4)], precondition: .ifAbsent),
      Self.put("k", [Self.blob(5)], etag: "two", precondition: .ifETag("one")),
      .deleteBucket(bucket: "b"),
      .deleteObject(bucket: "b", key: "k", precondition: .ifETag("one")),
      .abortUpload(bucket: "b", key: "k", upload: AttemptID(number: 9)),
    ]
    let expected: [UInt64: IndexRefusal] = [
      1: .noSuchBucket, 3: .bucketExists, 4: .noSuchKey, 6: .preconditionFailed,
      8: .bucketNotEmpty, 9: .preconditionFailed, 10: .noSuchUpload,
    ]
    let together = try ObjectIndex(path: directory.file("a.sqlite"))
    let refusals = try await together.apply(Self.records(mutations))
    #expect(refusals.compactMapValues { $0 as? IndexRefusal } == expected)
    let singly = try ObjectIndex(path: directory.file("b.sqlite"))
    for record in Self.records(mutations) {
      let refusal = try await singly.apply([record])[record.sequence] as? IndexRefusal
      #expect(refusal == expected[record.sequence])
    }
    #expect(try await live(together) == [1: 116])
    #expect(try await live(singly) == [1: 116])
  }

  @Test("a part that was replaced after the client chose it does not become part of the object")
  func completeWithAReplacedPart() async throws {
    let directory = try TemporaryDirectory("index")
    let index = try ObjectIndex(path: directory.file("i.sqlite"))
    let upload = AttemptID(number: 78)
    func part(_ etag: String, blob: UInt8) -> LogRecord.Mutation {
      .putPart(
        LogRecord.PutPart(
          bucket: "b", key: "m", upload: upload, partNumber: 1,
          blobs: [Self.blob(UInt128(blob), segment: 8)], etag: etag, checksums: []))
    }
    let refused = try await index.apply(
      Self.records([
        Self.bucket,
        .createUpload(
          LogRecord.CreateUpload(
            bucket: "b", key: "m", upload: upload, attributes: ObjectAttributes(contentType: ""),
            checksumAlgorithm: "", checksumType: "")),
        part("chosen", blob: 2), part("another", blob: 3),
        .completeUpload(
          LogRecord.CompleteUpload(
            bucket: "b", key: "m", upload: upload, partNumbers: [1],
            partsDigest: LogRecord.CompleteUpload.partsDigest([(1, "chosen")]), etag: "chosen-1",
            checksums: [])),
      ]))
    #expect(refused.keys.sorted() == [5])
  }

  @Test func blobsLiveAsLongAsSomebodyUsesThem() async throws {
    let directory = try TemporaryDirectory("index")
    let index = try ObjectIndex(path: directory.file("i.sqlite"))
    let shared = Self.blob(1, segment: 7)
    let upload = AttemptID(number: 77)
    let part = LogRecord.PutPart(
      bucket: "b", key: "m", upload: upload, partNumber: 1, blobs: [Self.blob(2, segment: 8)],
      etag: "p", checksums: [])
    _ = try await index.apply(
      Self.records([
        Self.bucket, Self.put("a", [shared]), Self.put("copy", [shared]),
        .deleteObject(bucket: "b", key: "a", precondition: .none),
        .createUpload(
          LogRecord.CreateUpload(
            bucket: "b", key: "m", upload: upload, attributes: ObjectAttributes(contentType: ""),
            checksumAlgorithm: "", checksumType: "")),
        .putPart(part), .putPart(part),
        .completeUpload(
          LogRecord.CompleteUpload(
            bucket: "b", key: "m", upload: upload, partNumbers: [1],
            partsDigest: LogRecord.CompleteUpload.partsDigest([(1, "p")]), etag: "m-1",
            checksums: [])),
      ]))
    #expect(try await live(index) == [7: 116, 8: 116])
    let moved = LogRecord.Relocate(
      bucket: "b", key: "copy", from: shared.attempt, to: Self.blob(3, segment: 9))
    _ = try await index.apply(Self.records([.relocate(moved)], from: 9))
    #expect(try await live(index) == [7: 0, 8: 116, 9: 116])
    _ = try await index.apply(
      Self.records(
        [
          .deleteObject(bucket: "b", key: "copy", precondition: .none),
          .deleteObject(bucket: "b", key: "m", precondition: .none),
          .deleteBucket(bucket: "b"),
        ], from: 10))
    #expect(try await live(index) == [7: 0, 8: 0, 9: 0])
  }

  /// Listings by every page size agree with a plain computation over sorted keys.
  @Test func listingsAgreeWithAModel() async throws {
    var generator = SeededGenerator.fromEnvironment(default: 5)
    let directory = try TemporaryDirectory("index")
    let index = try ObjectIndex(path: directory.file("i.sqlite"))
    var keys = Set<[UInt8]>()
    while keys.count < 150 {
      let count = Int.random(in: 1...6, using: &generator)
      keys.insert(
        (0..<count).map { _ in Array("ab/é".utf8).randomElement(using: &generator) ?? 97 })
    }
    let texts = Set(keys.map { String(decoding: $0, as: UTF8.self) }.map { Array($0.utf8) })
    let mutations = texts.map { Self.put(String(decoding: $0, as: UTF8.self), []) }
    _ = try await index.apply(Self.records([Self.bucket] + mutations))
    let bucket = try #require(try await index.bucket(named: "b"))
    let sorted = texts.sorted { $0.lexicographicallyPrecedes($1) }
    for prefix in ["", "a", "a/", "b/a", "x"] {
      for delimiter in ["", "/", "b", "a/"] {
        let expected = Self.model(sorted, prefix: Array(prefix.utf8), Array(delimiter.utf8))
        for limit in [1, 2, 3, 10, 1_000] {
          var seen: [[UInt8]] = []
          var request = ListRequest()
          request.prefix = Array(prefix.utf8)
          request.delimiter = Array(delimiter.utf8)
          request.limit = limit
          while true {
            let page = try await index.list(request, in: bucket)
            #expect(page.entries.count <= limit)
            for entry in page.entries {
              switch entry {
              case .item(let object): seen.append(object.key)
              case .commonPrefix(let prefix): seen.append(prefix)
              }
            }
            guard page.isTruncated else { break }
            request.marker = page.lastKey
          }
          #expect(seen == expected, "prefix \(prefix) delimiter \(delimiter) limit \(limit)")
        }
      }
    }
  }

  static func model(_ sorted: [[UInt8]], prefix: [UInt8], _ delimiter: [UInt8]) -> [[UInt8]] {
    var entries: [[UInt8]] = []
    for key in sorted where key.starts(with: prefix) {
      let entry =
        KeyBytes.commonPrefix(of: key, prefixLength: prefix.count, delimiter: delimiter) ?? key
      if entries.last != entry { entries.append(entry) }
    }
    return entries
  }
}
