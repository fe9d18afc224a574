import Cryptography
import Primitives
import ServiceKit

/// Which blocks are proposed and which are voted for: both by the same checks, so that an honest
/// proposal is never refused.
extension LedgerMachine {
  /// What an item takes of a block's bytes: its own and, in the engine's protobuf, a tag and its
  /// length.
  package static func bytesInBlock(_ item: [UInt8]) -> Int {
    var length = 1
    while item.count >> (7 * length) > 0 { length += 1 }
    return item.count + 1 + length
  }

  /// The items of the next block: what validators added, then what may be executed of the
  /// candidates, as they come and each lane in the order of its sequences.
  /// - Parameters:
  ///   - extensions: what validators added to their votes; what does not prove itself is left out.
  ///   - signatureVerdicts: for each candidate whether its signature is valid.
  ///   - byteLimit: the most that all items take of a block. Prices give way before contributions,
  ///     and both before the item itself, which no block may lack.
  package func proposal(
    extensions: [VoteExtension], candidates: [[UInt8]], signatureVerdicts: [Bool], byteLimit: Int
  ) -> [[UInt8]] {
    let first = fittingItem(extensionItem(extensions), byteLimit: byteLimit)
    var selection = ProposalSelection(
      machine: self, items: [first], room: byteLimit - Self.bytesInBlock(first))
    var waiting: [(sequence: UInt64, item: [UInt8], transaction: Transaction)] = []
    for (index, item) in candidates.enumerated() {
      guard index < signatureVerdicts.count, signatureVerdicts[index],
        let transaction = Self.transaction(of: item)
      else { continue }
      if selection.take(item, transaction) == .gap {
        waiting.append((transaction.sequence, item, transaction))
      }
    }
    for entry in waiting.sorted(by: { $0.sequence < $1.sequence }) {
      _ = selection.take(entry.item, entry.transaction)
    }
    return selection.items
  }

  private func fittingItem(_ item: ExtensionItem, byteLimit: Int) -> [UInt8] {
    let choices = [
      item, ExtensionItem(contributions: item.contributions), ExtensionItem(),
    ].map { BlockItem.extensions($0).canonicalBytes() }
    return choices.first { Self.bytesInBlock($0) <= byteLimit } ?? choices[2]
  }

  private static func transaction(of item: [UInt8]) -> Transaction? {
    do throws(Rejection) {
      return try decodeTransaction(item).transaction
    } catch {
      return nil
    }
  }

  /// Whether a proposed block may be voted for: a function of the block and this state. Checks, in
  /// this order: height, time, item 0, then for each item its envelope and its signature.
  /// - Parameter signatureVerdicts: for each item whether its signature is valid; entry 0 means
  ///   nothing.
  /// - Throws: ``Rejection``.
  package func checkProposal(
    _ block: BlockInput, signatureVerdicts: [Bool]
  ) throws(Rejection) {
    try validate(block)
    var lanes = ProposalLanes()
    for (index, item) in block.items.enumerated().dropFirst() {
      let signed = try Self.decodeTransaction(item)
      try lanes.take(signed.transaction, in: self)
      guard index < signatureVerdicts.count, signatureVerdicts[index] else {
        throw Self.badSignature
      }
    }
  }
}

/// A block's items so far, and the room that is left.
private struct ProposalSelection {
  enum Verdict { case taken, gap, left }

  let machine: LedgerMachine
  private(set) var items: [[UInt8]]
  private var room: Int
  private var lanes = ProposalLanes()

  init(machine: LedgerMachine, items: [[UInt8]], room: Int) {
    self.machine = machine
    self.items = items
    self.room = room
  }

  /// Takes an item if it fits and may be executed after those before it.
  mutating func take(_ item: [UInt8], _ transaction: Transaction) -> Verdict {
    let size = LedgerMachine.bytesInBlock(item)
    guard size <= room else { return .left }
    do throws(Rejection) {
      try lanes.take(transaction, in: machine)
    } catch {
      return error.code == .sequenceGap ? .gap : .left
    }
    items.append(item)
    room -= size
    return .taken
  }
}

/// How far each lane has come within a block.
private struct ProposalLanes {
  private struct Lane: Hashable {
    let sender: AccountID
    let number: UInt8
  }

  /// For look-ups only; never walked.
  private var next: [Lane: UInt64] = [:]

  /// Checks a transaction after those that were taken before it.
  mutating func take(
    _ transaction: Transaction, in machine: LedgerMachine
  ) throws(Rejection) {
    let lane = Lane(sender: transaction.sender, number: transaction.lane)
    try machine.checkEnvelope(transaction, next: next[lane])
    next[lane] = transaction.sequence.addingSaturated(1)
  }
}
