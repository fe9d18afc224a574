import Foundation
import LightClient
import Logging
import Primitives

/// A chain's headers, each verified down from the operator's trust root, whatever the nodes say.
///
/// With more than one source the newest header that one shows is compared with what another shows
/// at the same height, so that a single lying node is found out even when it holds old validators'
/// keys.
package actor VerifiedChain {
  /// The headers that are kept for questions about heights just below the newest.
  private static let keptHeaders = 1024

  private let sources: [any LightBlockSource]
  private let rules: LightClientRules
  private let mode: SkippingVerification.Mode
  private let progressPath: String?
  private let now: @Sendable () -> ConsensusTime
  private let logger: Logger
  private var root: TrustRoot
  private var trusted: LightBlock?
  private var headers: [UInt64: ConsensusHeader] = [:]
  private var current = 0

  /// A chain that begins at `root`.
  /// - Parameters:
  ///   - sources: at least one; the first that answers is used, the others are compared with it.
  ///   - progressPath: a file for the highest verified block, so that a second start goes on there.
  ///   - now: the machine's clock.
  package init(
    root: TrustRoot, sources: [any LightBlockSource], mode: SkippingVerification.Mode = .skipping,
    progressPath: String? = nil, logger: Logger,
    now: @escaping @Sendable () -> ConsensusTime = VerifiedChain.systemTime
  ) {
    precondition(!sources.isEmpty, "a chain is read from at least one source")
    self.sources = sources
    self.rules = root.rules
    self.mode = mode
    self.progressPath = progressPath
    self.logger = logger
    self.now = now
    self.root = root
    if let progressPath, let progress = try? TrustRoot(file: progressPath),
      progress.chainID == root.chainID, progress.height > root.height
    {
      self.root = progress
    }
  }

  /// The machine's clock.
  package static let systemTime: @Sendable () -> ConsensusTime = {
    let seconds = Date().timeIntervalSince1970
    return ConsensusTime(seconds: Int64(seconds), nanoseconds: 0) ?? .none
  }

  /// The highest height that is verified; the root's before anything is.
  package var verifiedHeight: UInt64 { trusted?.height ?? root.height }

  /// The highest height that a source has.
  /// - Throws: what the last source threw.
  package func latestHeight() async throws -> UInt64 {
    try await fromAnySource { try await $0.latestHeight() }
  }

  /// The verified header of a height.
  /// - Throws: ``LightClientError``, or what the sources threw.
  package func header(at height: UInt64) async throws -> ConsensusHeader {
    if let known = headers[height] { return known }
    let start = try await anchor()
    if height < start.height { return try await headerBelow(start, at: height) }
    let verified = try await fromAnySource { source in
      try await self.walk(from: start, to: height, source: source)
    }
    try await compare(verified)
    note(verified)
    return verified.header
  }

  /// The highest trusted block, fetched by the root's hash the first time.
  private func anchor() async throws -> LightBlock {
    if let trusted { return trusted }
    let root = self.root
    let block = try await fromAnySource { source in
      let block = try await source.lightBlock(at: root.height)
      try self.rules.verifyRoot(
        block, hash: Digest(hex: root.hash) ?? .zero, height: root.height)
      return block
    }
    guard rules.isWithinTrust(block, now: now()) else {
      throw LightClientError.trustExpired(height: block.height)
    }
    note(block)
    return block
  }

  private func walk(
    from start: LightBlock, to height: UInt64, source: any LightBlockSource
  ) async throws -> LightBlock {
    var walk = try SkippingVerification(rules: rules, trusted: start, target: height, mode: mode)
    var step = walk.first
    while case .fetch(let wanted) = step {
      try Task.checkCancellation()
      let block = try await source.lightBlock(at: wanted)
      step = try walk.take(block, expected: wanted, now: now())
    }
    return walk.trusted
  }

  /// Headers below a trusted one follow from it by their hashes alone.
  private func headerBelow(_ start: LightBlock, at height: UInt64) async throws -> ConsensusHeader {
    guard height > 0, start.height - height <= UInt64(Self.keptHeaders) else {
      throw LightClientError.belowTrust(height: height, trusted: start.height)
    }
    return try await fromAnySource { source in
      var above = self.nearestKnown(above: height) ?? start.header
      while above.height > height {
        let wanted = above.height - 1
        let header = try await source.lightBlock(at: wanted).header
        guard header.height == wanted, header.hash.bytes == above.lastBlock.hash else {
          throw LightClientError.badBlock(
            height: wanted, reason: "the verified block \(above.height) does not follow it")
        }
        above = header
        self.keep(header)
      }
      return above
    }
  }

  private func nearestKnown(above height: UInt64) -> ConsensusHeader? {
    headers.values.filter { $0.height > height }.min { $0.height < $1.height }
  }

  /// Another source must show the same block, where it has one at that height.
  private func compare(_ block: LightBlock) async throws {
    for (index, witness) in sources.enumerated() where index != current {
      let other: LightBlock
      do {
        other = try await witness.lightBlock(at: block.height)
      } catch {
        logger.debug(
          "a witness has no block to compare",
          metadata: ["witness": "\(witness.name)", "reason": "\(error)"])
        continue
      }
      let (mine, theirs) = (block.header.hash, other.header.hash)
      guard mine != theirs else { return }
      // A different header counts only when its own validators signed it: else the witness errs.
      guard let start = trusted,
        (try? rules.verify(other, trusted: start, now: now())) != nil
      else {
        logger.warning(
          "a ledger node shows a block that is not signed: it is left out",
          metadata: ["node": "\(witness.name)", "height": "\(block.height)"])
        continue
      }
      throw LightClientError.conflictingBlocks(
        height: block.height, first: mine, second: theirs)
    }
  }

  private func note(_ block: LightBlock) {
    keep(block.header)
    guard block.height > trusted?.height ?? 0 else { return }
    trusted = block
    guard let progressPath else { return }
    let progress = TrustRoot(
      chainID: root.chainID, height: block.height, hash: block.header.hash.hex,
      trustingPeriodSeconds: root.trustingPeriodSeconds)
    do {
      try progress.write(to: progressPath)
    } catch {
      logger.warning("the verified height was not written", metadata: ["reason": "\(error)"])
    }
  }

  private func keep(_ header: ConsensusHeader) {
    headers[header.height] = header
    if headers.count > 2 * Self.keptHeaders {
      let lowest = headers.keys.sorted().suffix(Self.keptHeaders).first ?? 0
      headers = headers.filter { $0.key >= lowest }
    }
  }

  /// The first source that answers well, beginning with the one that did last.
  private func fromAnySource<T: Sendable>(
    _ body: (any LightBlockSource) async throws -> T
  ) async throws -> T {
    var failure: (any Error)?
    for offset in sources.indices {
      let index = (current + offset) % sources.count
      do {
        let value = try await body(sources[index])
        current = index
        return value
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        if failure == nil || error is LightClientError { failure = error }
        logger.debug(
          "a ledger node gave no sound block",
          metadata: ["node": "\(sources[index].name)", "reason": "\(error)"])
      }
    }
    throw failure ?? CancellationError()
  }
}
