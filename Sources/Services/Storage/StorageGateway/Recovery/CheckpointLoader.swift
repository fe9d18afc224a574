import Cryptography
import Foundation
import GatewayKit
import NIOCore
import Primitives
import StorageService

/// Finds a named checkpoint in the log and rebuilds the index from it.
struct CheckpointLoader: Sendable {
  let log: SegmentLog
  let reader: ExtentReader
  let identity: IdentitySeed
  /// All segments, ascending by number.
  let segments: [SegmentRecord]

  /// Writes the index that the checkpoint holds to a new file.
  /// - Returns: the last record whose effect it holds.
  /// - Throws: ``RecoveryError``, ``IndexError``, or what reading throws.
  func load(_ name: CheckpointName, into path: String) async throws -> UInt64 {
    let checkpoint = try await find(name)
    let blob = checkpoint.blob
    let key = try blob.wrappedKey.unwrap(
      attempt: blob.attempt, bucketKey: identity.bucketKey(LogRecord.Checkpoint.bucketName))
    let bytes = BlobReader(
      blob: blob, key: key, range: 0..<blob.length, reader: reader, budget: BufferBudget())
    var restore = try IndexRestore(path: path)
    while let window = try await bytes.next() { try restore.take(window) }
    try restore.finish()
    guard restore.appliedSequence == checkpoint.coveredSequence else {
      throw RecoveryError.inconsistent("the checkpoint of record \(name.coveredSequence)")
    }
    return checkpoint.coveredSequence
  }

  /// The record of the checkpoint, which is where the name says or soon behind.
  private func find(_ name: CheckpointName) async throws -> LogRecord.Checkpoint {
    for segment in segments where segment.number >= name.segment {
      let first = segment.number == name.segment ? Int(name.stripe) : 0
      guard first < segment.stripeLengths.count else { continue }
      for stripe in first..<segment.stripeLengths.count {
        let header = try await log.header(of: segment, stripe: stripe)
        for record in try await log.records(of: segment, stripe: stripe, header: header) {
          if case .checkpoint(let found) = record.mutation,
            found.coveredSequence == name.coveredSequence
          {
            return found
          }
        }
      }
    }
    throw RecoveryError.inconsistent(
      "no record of the checkpoint of record \(name.coveredSequence) from segment "
        + "\(name.segment) on")
  }
}
