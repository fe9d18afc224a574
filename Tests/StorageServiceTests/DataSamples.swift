import Cryptography
import Primitives
import ServiceKit
import StorageService

/// One value of each format of the data path, the same in every run.
enum DataSamples {
  static let key = SigningKey(seed: Bytes32(words: (1, 2, 3, 4)))
  static let chain = Digest.sha256(Array("chain".utf8))
  static let root = Digest.sha256(Array("root".utf8))
  static let attempt = AttemptID(number: 0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10)
  static let dataKey = SymmetricKeyBytes(Bytes32(words: (5, 6, 7, 8)))
  static let bucketKey = SymmetricKeyBytes(Bytes32(words: (9, 10, 11, 12)))
  static let lease = LeaseID(number: 7)

  static var blob: StoredBlob {
    StoredBlob(
      attempt: attempt,
      wrappedKey: WrappedDataKey(dataKey, attempt: attempt, bucketKey: bucketKey),
      length: 70_000,
      extents: [
        Extent(segment: 3, stripe: 1, offset: 32, length: 65_552),
        Extent(segment: 3, stripe: 2, offset: 32, length: 4_480),
      ])
  }

  static let attributes = ObjectAttributes(
    contentType: "text/plain", headers: [NamedValue("cache-control", "no-store")],
    userMetadata: [NamedValue("colour", "grün")], tags: [NamedValue("a", "b")])
  static let checksums = [
    ObjectChecksum(algorithm: "crc32", value: "AAAAAA==", isComposite: false)
  ]

  static var mutations: [(name: String, value: LogRecord.Mutation)] {
    let (bucket, name) = ("photos", "2026/cat.jpg")
    return [
      ("create-bucket", .createBucket(bucket: bucket, region: "us-east-1")),
      ("delete-bucket", .deleteBucket(bucket: bucket)),
      ("set-bucket-attribute", .setBucketAttribute(bucket: bucket, name: "cors", value: [1, 2])),
      (
        "put-object",
        .putObject(
          .init(
            bucket: bucket, key: name, blobs: [blob], etag: "e", attributes: attributes,
            checksums: checksums, precondition: .ifETag("x")))
      ),
      ("delete-object", .deleteObject(bucket: bucket, key: name, precondition: .none)),
      (
        "delete-object-unless",
        .deleteObject(bucket: bucket, key: name, precondition: .unlessETag("x"))
      ),
      (
        "delete-object-expected",
        .deleteObject(
          bucket: bucket, key: name,
          precondition: .ifExpected(.init(etag: "x", modifiedSeconds: 1, length: 2)))
      ),
      (
        "set-object-attribute",
        .setObjectAttribute(bucket: bucket, key: name, name: "tagging", value: nil)
      ),
      (
        "create-upload",
        .createUpload(
          .init(
            bucket: bucket, key: name, upload: attempt, attributes: attributes,
            checksumAlgorithm: "crc32", checksumType: "FULL_OBJECT"))
      ),
      (
        "put-part",
        .putPart(
          .init(
            bucket: bucket, key: name, upload: attempt, partNumber: 2, blobs: [blob], etag: "p",
            checksums: checksums))
      ),
      (
        "complete-upload",
        .completeUpload(
          .init(
            bucket: bucket, key: name, upload: attempt, partNumbers: [1, 2, 9],
            partsDigest: .zero, etag: "e-3",
            checksums: checksums, precondition: .ifAbsent))
      ),
      ("abort-upload", .abortUpload(bucket: bucket, key: name, upload: attempt)),
      (
        "relocate",
        .relocate(.init(bucket: bucket, key: name, from: attempt, to: blob))
      ),
      ("checkpoint", .checkpoint(.init(coveredSequence: 8, logStart: 3, blob: blob))),
    ]
  }

  /// Kinds that came later than the sealed log section whose bytes are golden.
  static var laterMutations: [(name: String, value: LogRecord.Mutation)] {
    [("revoke-key", .revokeKey(name: "agent"))]
  }

  static var records: [LogRecord] {
    mutations.enumerated().map { index, mutation in
      LogRecord(
        sequence: UInt64(index + 1), unixMilliseconds: 1_790_000_000_000,
        mutation: mutation.value)
    }
  }

  static let append = AppendOrder(
    chain: chain, lease: lease, group: PlacementGroupID(number: 2), segment: 3, slot: 4,
    fencingEpoch: 5, offset: 4_096, length: 8_192, runningRoot: root)
  static let read = ReadOrder(
    chain: chain, lease: lease, provider: key.accountID, reader: key.accountID,
    authority: .repair(bundle: BundleID(number: 9), slot: 1), segment: 3, slot: 4,
    shardBytes: 100_000, offset: 5_000, length: 1_000, expiry: LedgerTime(milliseconds: 77))
  static let statement = SlotStatement(
    chain: chain, lease: lease, group: PlacementGroupID(number: 2), bundleKey: root, slot: 4,
    columnRoot: root, leafCount: 10, byteCount: 10_000, stagedByteMilliseconds: 11,
    end: LedgerTime(milliseconds: 1_000))

  static func control(
    _ action: ControlOrder.Action, epoch: UInt64 = 0
  ) -> Signed<ControlOrder> {
    Signed(
      ControlOrder(
        chain: chain, lease: lease, provider: key.accountID, fencingEpoch: epoch, action: action,
        expiry: LedgerTime(milliseconds: 77)), by: key)
  }

  static var requests: [(name: String, value: StorageRequest)] {
    [
      ("append", .append(Signed(append, by: key))),
      ("read", .read(Signed(read, by: key))),
      ("put-manifest", .putManifest(ManifestPart(key: root, totalBytes: 100, offset: 10))),
      ("get-manifest", .getManifest(key: root, offset: 10)),
      ("list-staged", .control(control(.listStaged(after: 3)))),
      ("drop-staged", .control(control(.dropStaged(segment: 3, slot: 4)))),
      ("drop-staged-under-epoch", .control(control(.dropStaged(segment: 3, slot: 4), epoch: 6))),
      ("raise-fence", .control(control(.raiseFence(epoch: 6)))),
      ("list-held", .control(control(.listHeld(after: 3)))),
      ("countersign", .control(control(.countersign(statement: statement)))),
      ("voucher", .voucher([1, 2, 3])),
      ("status", .status),
    ]
  }

  static var responses: [(name: String, value: StorageResponse)] {
    let acknowledgement = Acknowledgement(order: append, provider: key.accountID)
    let staged = StagedShard(
      group: PlacementGroupID(number: 2), segment: 3, slot: 4, fencingEpoch: 5, length: 12,
      runningRoot: root, chunkEnds: [5, 12])
    return [
      ("appended", .appended(Signed(acknowledgement, by: key))),
      ("range", .range(ShardRangeProof(shardBytes: 100, start: 64, path: [root, chain]))),
      ("manifest", .manifest(ManifestPart(key: root, totalBytes: 100, offset: 10))),
      ("manifest-received", .manifestReceived(bytes: 12)),
      ("countersigned", .countersigned(stagedByteMilliseconds: 8, signature: .zero)),
      (
        "voucher-accepted",
        .voucherAccepted(cumulative: Credits(baseUnits: 9), readableBytes: 10)
      ),
      ("staged", .staged([staged], isComplete: true)),
      ("done", .done),
      (
        "status",
        .status(
          StorageStatus(
            provider: key.accountID, ledgerHeight: 1, usedBytes: 2, freeBytes: 3, shardCount: 4))
      ),
      ("refused", .refused(StorageRefusal(.wrongOffset, "ends at 5", number: 5))),
    ]
  }
}
