import GatewayKit
import Primitives
import StorageService

/// What granted keys have spent this month.
///
/// Spending is booked ahead in steps, each a bucket attribute in the network's log
/// (`spend.<serial>`), and used up in memory. So a gateway that is killed, or rebuilt from the log,
/// never knows of less than was spent, and books some fifty records a month and key.
actor KeyBudgets {
  /// What something costs, and who pays.
  struct Charge: Sendable {
    let key: AccessGrant
    let month: CalendarMonth
    let microCredits: UInt64
  }

  private struct Account {
    var month: CalendarMonth
    var spent: UInt64
    /// What the log says was spent.
    var booked: UInt64
  }

  /// Steps of a month's budget.
  private static let steps: UInt64 = 50

  private var accounts: [String: Account] = [:]
  private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
  private var busy: Set<String> = []

  /// Books a charge.
  /// - Returns: what was spent before, when the budget does not allow it; nil when it was booked.
  func take(_ charge: Charge, payer: S3Tenant) async throws -> UInt64? {
    guard let budget = charge.key.monthlyBudgetMicroCredits else { return nil }
    let id = charge.key.accessKeyID
    await enter(id)
    defer { leave(id) }
    var account = try await account(charge, payer: payer)
    let spent = account.spent.addingSaturated(charge.microCredits)
    guard spent <= budget else { return account.spent }
    if spent > account.booked {
      // At least what is spent, at most the budget.
      let booked = min(budget, max(spent, account.booked.addingSaturated(budget / Self.steps)))
      try await Self.book(booked, charge, payer: payer)
      account.booked = booked
    }
    account.spent = spent
    accounts[id] = account
    return nil
  }

  /// Gives back what nothing came of.
  func giveBack(_ charge: Charge) {
    guard var account = accounts[charge.key.accessKeyID], account.month == charge.month else {
      return
    }
    account.spent -= min(account.spent, charge.microCredits)
    accounts[charge.key.accessKeyID] = account
  }

  // MARK: One at a time for each key

  private func enter(_ id: String) async {
    while busy.contains(id) {
      await withCheckedContinuation { waiting[id, default: []].append($0) }
    }
    busy.insert(id)
  }

  private func leave(_ id: String) {
    busy.remove(id)
    guard var list = waiting[id], !list.isEmpty else { return }
    let next = list.removeFirst()
    waiting[id] = list.isEmpty ? nil : list
    next.resume()
  }

  // MARK: The log

  private func account(_ charge: Charge, payer: S3Tenant) async throws -> Account {
    if let known = accounts[charge.key.accessKeyID], known.month == charge.month { return known }
    let booked = try await Self.booked(charge, payer: payer)
    return Account(month: charge.month, spent: booked, booked: booked)
  }

  private static func name(_ key: AccessGrant) -> String {
    "spend." + Array(Digest.sha256(Array(key.accessKeyID.utf8)).bytes.prefix(16)).hex
  }

  private static func booked(_ charge: Charge, payer: S3Tenant) async throws -> UInt64 {
    var most: UInt64 = 0
    for value in try await payer.index.attributes(name(charge.key)) {
      let words = String(decoding: value, as: UTF8.self).split(separator: " ")
      guard words.count == 2, words[0] == charge.month.description else { continue }
      most = max(most, UInt64(words[1]) ?? .max)
    }
    return most
  }

  /// Writes down how far the month's spending may have gone, with the identity's first bucket: the
  /// log has attributes of buckets only.
  private static func book(_ booked: UInt64, _ charge: Charge, payer: S3Tenant) async throws {
    guard let bucket = try await payer.index.buckets().first else {
      throw S3Error(.noSuchBucket)
    }
    try await payer.engine.commit(
      .setBucketAttribute(
        bucket: bucket.name, name: name(charge.key),
        value: Array("\(charge.month) \(booked)".utf8)))
  }
}

/// A month of the calendar, in UTC.
struct CalendarMonth: Hashable, Sendable, CustomStringConvertible {
  /// Such as `2026-11`.
  let description: String
  init(milliseconds: UInt64) { description = String(HTTPDate.iso8601(milliseconds).prefix(7)) }
  init(_ text: String) { description = text }
}
