import Cryptography
import Primitives
import ServiceKit

/// Proof windows: they open on a fixed grid of ledger time as long as anybody is obliged.
extension ServiceContext {
  /// How many closed rounds the state keeps, for people who ask why.
  static var keptRounds: UInt64 { 64 }

  private var windowFlag: StateKey { StorageKeys.key(.windowClock) }

  /// Sees to it that a window opens at the grid's next point.
  mutating func armWindow() throws(Rejection) {
    // A window that should have opened long ago was lost to a failure: it is set again.
    let armed = try load(windowFlag, as: LedgerTime.self)
    if let armed, time.milliseconds(since: armed) < storage(.proofWindow) { return }
    let length = max(1, storage(.proofWindow))
    let next = LedgerTime(milliseconds: (time.milliseconds / length + 1) * length)
    save(next, at: windowFlag)
    wake(.window, at: next)
  }

  /// A window opens: freezes the lists of those whose turn it is and asks for their seed. Who is
  /// still in an earlier round's retry is left out: what is unproven waits.
  mutating func openWindow() throws(Rejection) {
    setValue(nil, at: windowFlag)
    let records = try loadAll(
      StorageKeys.providers, limit: allRows, as: StorageProviderRecord.self)
    guard records.contains(where: { $0.obligations > 0 }) else { return }
    try armWindow()
    try openRound(records)
  }

  private mutating func openRound(_ records: [StorageProviderRecord]) throws(Rejection) {
    let id = RoundID(number: try nextSerial(of: .round))
    var challenges: UInt32 = 0
    for record in records where isTurn(of: record) {
      if try freeze(record, for: id) { challenges += 1 }
    }
    try forgetRounds(before: id)
    save(RoundRecord(id: id, frozenAt: time, frozenHeight: height, challenges: challenges))
    tell("window-opened", ("round", id), ("challenges", challenges))
    if challenges > 0 {
      draw(.seed(id, attempt: 1))
    } else {
      try finishAttempt(of: id)
    }
  }

  private func isTurn(of record: StorageProviderRecord) -> Bool {
    guard record.obligations > 0, record.openRound == 0, !record.isBeingVacated else {
      return false
    }
    let stride = max(1, storage(.proofStride))
    let window = time.milliseconds / max(1, storage(.proofWindow))
    return window % stride == record.id.value.words.3 % stride
  }

  /// Fixes what a provider is challenged over. False when its list is empty.
  private mutating func freeze(
    _ provider: StorageProviderRecord, for round: RoundID
  ) throws(Rejection) -> Bool {
    var rows = try loadAll(
      StorageKeys.obligations(of: provider.id), limit: allRows, as: ObligationRecord.self)
    for index in rows.indices where !rows[index].isStopped && rows[index].end <= time {
      try stopObligation(&rows[index])
      try holderStopped(rows[index])
    }
    let now = height
    let frozen = rows.filter { $0.sinceHeight < now }
    let tree = try exact { () throws(ArithmeticError) in
      try ObligationRecord.frozenTree(frozen, frozenHeight: now)
    }
    guard tree.total > 0 else { return false }
    try freezeStreams(of: provider.id)
    save(
      ChallengeRecord(
        round: round, provider: provider.id, obligationRoot: tree.root, leafCount: tree.total,
        byteCount: frozen.reduce(0) { $0.addingSaturated($1.byteCount) }, frozenAt: time,
        frozenHeight: height))
    var record = provider
    record.openRound = round.number
    save(record)
    return true
  }

  private mutating func freezeStreams(of provider: ProviderID) throws(Rejection) {
    let range = StorageKeys.streams(of: provider)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      guard var stream = try load(row.key, as: StreamRecord.self) else { continue }
      let now = time
      try exact { () throws(ArithmeticError) in try stream.advance(to: now) }
      stream.freeze()
      save(stream, at: row.key)
    }
  }

  private mutating func forgetRounds(before id: RoundID) throws(Rejection) {
    guard id.number > Self.keptRounds else { return }
    let old = RoundID(number: id.number - Self.keptRounds)
    let key = StorageKeys.round(old)
    guard let round = try load(key, as: RoundRecord.self), round.phase == .closed else { return }
    setValue(nil, at: key)
    let range = StorageKeys.challenges(in: old)
    for row in rows(from: range.from, to: range.to, limit: allRows) {
      setValue(nil, at: row.key)
    }
  }
}
