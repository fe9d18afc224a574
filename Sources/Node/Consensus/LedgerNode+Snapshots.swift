import Ledger
import Primitives

/// Snapshots: taken in the background and served; restored chunk by chunk, each proven.
extension LedgerNode {
  /// Takes a snapshot of a committed state when its height is one for it; the first after a tenth
  /// of the interval, so that a young network can be joined. Blocks do not wait: the state is a
  /// value.
  func takeSnapshotIfDue(_ machine: LedgerMachine) {
    guard let store = configuration.snapshots, configuration.snapshotInterval > 0 else { return }
    let interval = configuration.snapshotInterval
    let due = store.descriptions.isEmpty ? max(interval / 10, 1) : interval
    guard machine.height % due == 0 else { return }
    let logger = logger
    Task.detached(priority: .utility) {
      do {
        guard let taken = try store.take(machine) else { return }
        logger.info(
          "snapshot taken",
          metadata: ["height": "\(taken.height)", "chunks": "\(taken.chunkCount)"])
      } catch {
        logger.error("no snapshot could be taken", metadata: ["reason": "\(error)"])
      }
    }
  }

  package func listSnapshots() async -> [SnapshotDescription] {
    configuration.snapshots?.descriptions ?? []
  }

  package func loadSnapshotChunk(
    height: UInt64, format: UInt32, index: UInt32
  ) async -> [UInt8] {
    configuration.snapshots?.chunk(height: height, format: format, index: index) ?? []
  }

  package func offerSnapshot(
    _ snapshot: SnapshotDescription, stateRoot: Digest
  ) async -> SnapshotOfferVerdict {
    guard !hasState else { return .abort }
    guard snapshot.format == SnapshotChunk.format else { return .rejectFormat }
    guard (1...UInt32(SnapshotChunk.countLimit)).contains(snapshot.chunkCount),
      snapshot.height > 0, snapshot.metadata == genesis.chain.bytes
    else { return .reject }
    restoration = (snapshot, SnapshotReader(root: stateRoot, chunkCount: snapshot.chunkCount))
    return .accept
  }

  package func applySnapshotChunk(
    _ chunk: [UInt8], index: UInt32, sender: String
  ) async -> ChunkVerdict {
    guard let snapshot = restoration?.snapshot, var reader = restoration?.reader else {
      return .abort
    }
    do throws(SnapshotFault) {
      // The reader is the only one that holds the rows while it adds to them.
      restoration = nil
      try reader.take(chunk, index: index)
    } catch {
      restoration = (snapshot, reader)
      logger.warning(
        "a snapshot's chunk is refused", metadata: ["sender": "\(sender)", "reason": "\(error)"])
      switch error {
      case .outOfOrder(let expected, _): return .refetch(chunk: expected, rejectSender: "")
      case .wrongCount:
        // What is proven so far is of no use for another snapshot, which begins with chunk 0.
        restoration = nil
        return .rejectSnapshot
      case .unreadable, .unproven: return .refetch(chunk: index, rejectSender: sender)
      }
    }
    guard reader.isComplete else {
      restoration = (snapshot, reader)
      return .accept
    }
    let root = reader.root
    do throws(NodeError) {
      try adopt(reader.takeRows(), root: root, height: snapshot.height)
      return .accept
    } catch {
      logger.error("a snapshot is refused", metadata: ["reason": "\(error)"])
      if case .badSnapshot = error { return .rejectSnapshot }
      return .abort
    }
  }
}
