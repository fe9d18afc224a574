import Primitives
import ServiceKit

/// The ledger's own tables and the keys of their rows. Numbers are never reused.
package enum StateKeys {
  /// The first byte of every key of the ledger's own.
  package enum Table: UInt8, CaseIterable, Sendable {
    case genesis = 1
    case clock = 2
    case supply = 3
    case parameter = 4
    case counter = 5
    case validator = 6
    case beaconContributors = 7
    case beacon = 8
    case deadline = 9
    case draw = 10
    case account = 16
    case provider = 17
    case offer = 18
    case order = 19
    case bid = 20
    case lease = 21
    case accrual = 22
    case voucherClaim = 23
    case earning = 24
    case payout = 25
    case epoch = 26
    case customerLease = 27
    case openLease = 28
    case slash = 29
    case policyState = 40
    case policyAccount = 41
    case subTokenBalance = 42
    case usageReport = 43
    case settlement = 44
    case settledInput = 45
    case settledLine = 46
    case settledCharge = 47
    case settledBalance = 48
    case delegation = 50
    case delegatorMark = 51
    case validatorNumber = 52
    case consensusKey = 53
    case unbonding = 54
    case signing = 55
    case activeSet = 56
    case stakingLine = 57
    case rewardClaim = 58
    case oraclePrice = 59
    case redelegation = 60
    case arrival = 61
  }

  /// The chain's fixed facts.
  package static let genesis = StateKey([Table.genesis.rawValue])
  /// Height, times, epoch and beacon.
  package static let clock = StateKey([Table.clock.rawValue])
  /// Totals of tokens and credits.
  package static let supply = StateKey([Table.supply.rawValue])
  /// Whose contributions make the running epoch's beacon.
  package static let beaconContributors = StateKey([Table.beaconContributors.rawValue])

  /// A governed parameter.
  package static func parameter(_ name: String) -> StateKey {
    StateKey([Table.parameter.rawValue] + name.utf8.prefix(StateKey.byteLimit - 1))
  }

  /// The last number that a counter handed out.
  package static func counter(_ counter: LedgerCounter) -> StateKey {
    StateKey([Table.counter.rawValue, counter.rawValue])
  }

  /// A validator.
  package static func validator(_ account: AccountID) -> StateKey { key(.validator, account) }
  /// The beacon of a height, kept for a while.
  package static func beacon(_ height: UInt64) -> StateKey { key(.beacon, height) }
  /// An account.
  package static func account(_ id: AccountID) -> StateKey { key(.account, id) }
  /// A provider.
  package static func provider(_ id: ProviderID) -> StateKey { key(.provider, id) }
  /// An order.
  package static func order(_ id: OrderID) -> StateKey { key(.order, id.number) }
  /// A lease.
  package static func lease(_ id: LeaseID) -> StateKey { key(.lease, id.number) }

  /// A provider's standing offer for a service.
  package static func offer(_ service: ServiceID, _ provider: ProviderID) -> StateKey {
    StateKey(table: Table.offer.rawValue) {
      $0.encode(service)
      $0.encode(provider)
    }
  }

  /// A provider's bid for an order.
  package static func bid(_ order: OrderID, _ provider: ProviderID) -> StateKey {
    StateKey(table: Table.bid.rawValue) {
      $0.encode(order)
      $0.encode(provider)
    }
  }

  /// What a provider has proven for a lease in a dimension.
  package static func accrual(
    _ lease: LeaseID, _ provider: ProviderID, _ dimension: PriceDimension
  ) -> StateKey {
    StateKey(table: Table.accrual.rawValue) {
      $0.encode(lease)
      $0.encode(provider)
      $0.encode(dimension)
    }
  }

  /// What a provider has claimed of a payer's voucher lane.
  package static func voucherClaim(
    _ lease: LeaseID, _ provider: ProviderID, lane: UInt32
  ) -> StateKey {
    StateKey(table: Table.voucherClaim.rawValue) {
      $0.encode(lease)
      $0.encode(provider)
      $0.encode(lane)
    }
  }

  /// What a provider has earned in an epoch from a lease for one thing. No lease is number 0.
  package static func earning(
    epoch: UInt64, provider: ProviderID, lease: LeaseID?, tag: UInt8
  ) -> StateKey {
    StateKey(table: Table.earning.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(provider)
      $0.encode(lease?.number ?? 0)
      $0.encode(tag)
    }
  }

  /// A line of a provider's payout in an epoch.
  package static func payout(epoch: UInt64, provider: ProviderID, index: UInt32) -> StateKey {
    StateKey(table: Table.payout.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(provider)
      $0.encode(index)
    }
  }

  /// The summary of an epoch that has ended.
  package static func epoch(_ epoch: UInt64) -> StateKey {
    StateKey(table: Table.epoch.rawValue) { $0.encode(UInt32(truncatingIfNeeded: epoch)) }
  }

  /// A deadline: sorted by time, then by the order in which it was set.
  package static func deadline(_ time: LedgerTime, serial: UInt64) -> StateKey {
    StateKey(table: Table.deadline.rawValue) {
      $0.encode(time)
      $0.encode(serial)
    }
  }

  /// Marks a lease as one of its customer's; the row is empty.
  package static func customerLease(_ customer: AccountID, _ lease: LeaseID) -> StateKey {
    StateKey(table: Table.customerLease.rawValue) {
      $0.encode(customer)
      $0.encode(lease)
    }
  }

  /// Marks a lease as open; the row is empty.
  package static func openLease(_ service: ServiceID, _ lease: LeaseID) -> StateKey {
    StateKey(table: Table.openLease.rawValue) {
      $0.encode(service)
      $0.encode(lease)
    }
  }

  /// What was taken from a provider's bond in an epoch.
  package static func slash(epoch: UInt64, provider: ProviderID, serial: UInt64) -> StateKey {
    StateKey(table: Table.slash.rawValue) {
      $0.encode(UInt32(truncatingIfNeeded: epoch))
      $0.encode(provider)
      $0.encode(serial)
    }
  }

  /// A draw that was asked for in the block of `height`.
  package static func draw(askedAt height: UInt64, serial: UInt64) -> StateKey {
    StateKey(table: Table.draw.rawValue) {
      $0.encode(height)
      $0.encode(serial)
    }
  }

  private static func key(_ table: Table, _ id: AccountID) -> StateKey {
    StateKey(table: table.rawValue, id.value)
  }

  private static func key(_ table: Table, _ number: UInt64) -> StateKey {
    StateKey(table: table.rawValue) { $0.encode(number) }
  }
}

extension StateKeys {
  /// All rows of a table.
  package static func all(_ table: Table) -> KeyRange { KeyRange(prefix: [table.rawValue]) }

  /// All standing offers for a service, ascending by provider.
  package static func offers(_ service: ServiceID) -> KeyRange {
    KeyRange(prefix: [Table.offer.rawValue, service.number])
  }

  /// All bids for an order, ascending by provider.
  package static func bids(_ order: OrderID) -> KeyRange { range(.bid, order.number) }

  /// All accruals of a lease.
  package static func accruals(_ lease: LeaseID) -> KeyRange { range(.accrual, lease.number) }

  /// All voucher claims of a lease.
  package static func voucherClaims(_ lease: LeaseID) -> KeyRange {
    range(.voucherClaim, lease.number)
  }

  /// All unpaid earnings of an epoch, by provider.
  package static func earnings(epoch: UInt64) -> KeyRange { range(.earning, epoch32: epoch) }

  /// All payout lines of an epoch, by provider.
  package static func payouts(epoch: UInt64) -> KeyRange { range(.payout, epoch32: epoch) }

  /// All slashes of an epoch, by provider.
  package static func slashes(epoch: UInt64) -> KeyRange { range(.slash, epoch32: epoch) }

  /// The marks of a customer's leases, open or not; ``lease(fromMark:)`` reads the number.
  package static func leases(of customer: AccountID) -> KeyRange {
    KeyRange(prefix: [Table.customerLease.rawValue] + customer.bytes)
  }

  /// The marks of a service's open leases.
  package static func openLeases(_ service: ServiceID) -> KeyRange {
    KeyRange(prefix: [Table.openLease.rawValue, service.number])
  }

  /// The lease that a row of ``leases(of:)`` or ``openLeases(_:)`` marks.
  package static func lease(fromMark key: StateKey) -> LeaseID? {
    trailingNumber(of: key).map(LeaseID.init(number:))
  }

  /// The number in a key's last eight bytes.
  package static func trailingNumber(of key: StateKey) -> UInt64? {
    let bytes = key.bytes
    guard bytes.count > 8 else { return nil }
    return bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The account that follows a key's first `skipping` bytes: 1 in the tables of accounts and
  /// providers, 2 in that of offers.
  package static func account(of key: StateKey, skipping: Int = 1) -> AccountID? {
    AccountID(bytes: key.bytes.dropFirst(skipping).prefix(32))
  }

  /// The payout lines of one provider in an epoch.
  package static func payouts(epoch: UInt64, provider: ProviderID) -> KeyRange {
    var encoder = CanonicalEncoder()
    encoder.encode(Table.payout.rawValue)
    encoder.encode(UInt32(truncatingIfNeeded: epoch))
    encoder.encode(provider)
    return KeyRange(prefix: encoder.bytes)
  }

  private static func range(_ table: Table, _ number: UInt64) -> KeyRange {
    var encoder = CanonicalEncoder()
    encoder.encode(table.rawValue)
    encoder.encode(number)
    return KeyRange(prefix: encoder.bytes)
  }

  private static func range(_ table: Table, epoch32 epoch: UInt64) -> KeyRange {
    var encoder = CanonicalEncoder()
    encoder.encode(table.rawValue)
    encoder.encode(UInt32(truncatingIfNeeded: epoch))
    return KeyRange(prefix: encoder.bytes)
  }
}

/// The serial numbers that the ledger hands out; each begins at 1.
package enum LedgerCounter: UInt8, CaseIterable, Sendable {
  case order = 1
  case lease = 2
  case deadline = 3
  case draw = 4
  case slash = 5
  case usageReport = 40
  case validator = 50
  case unbonding = 51
  case rewardClaim = 52
}
