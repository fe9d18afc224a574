import LedgerStore
import Primitives

/// Reads committed blocks for the RPC, with CometBFT's errors.
struct ChainReader: Sendable {
  let driver: SoloDriver

  var info: ApplicationInfo { driver.application.committedInfo }
  var chainName: String { driver.application.genesis.chainName }
  private var store: any LedgerStoring { driver.application.store }

  /// The height that was asked for, or the last one; checked.
  func height(_ asked: Int64?) throws(RPCError) -> UInt64 {
    let last = info.height
    guard let asked else {
      guard last > 0 else { throw .internal("there is no block yet") }
      return last
    }
    guard let height = UInt64(exactly: asked), height > 0 else {
      throw .internal("height must be greater than 0, but got \(asked)")
    }
    guard height <= last else {
      throw .internal(
        "height \(height) must be less than or equal to the current blockchain height \(last)")
    }
    return height
  }

  func block(at height: UInt64) throws(RPCError) -> StoredBlock {
    let found: StoredBlock?
    do {
      found = try store.block(at: height)
    } catch {
      throw .internal("\(error)")
    }
    guard let found else { throw .internal("block \(height) is not kept") }
    return found
  }

  /// The block before, where there is one.
  func previous(of height: UInt64) throws(RPCError) -> StoredBlock? {
    height > 1 ? try block(at: height - 1) : nil
  }

  func results(at height: UInt64) throws(RPCError) -> StoredResults {
    let found: StoredResults?
    do {
      found = try store.results(at: height)
    } catch {
      throw .internal("\(error)")
    }
    guard let found else { throw .internal("the results of block \(height) are not kept") }
    return found
  }

  /// The height of the block with a hash; nil for any other bytes.
  func height(ofBlock bytes: [UInt8]) throws(RPCError) -> UInt64? {
    guard let hash = Digest(bytes: bytes) else { return nil }
    do {
      return try store.height(ofBlock: hash)
    } catch {
      throw .internal("\(error)")
    }
  }

  func earliestHeight() throws(RPCError) -> UInt64 {
    do {
      return try store.earliestHeight() ?? 0
    } catch {
      throw .internal("\(error)")
    }
  }
}
