import ChainClient
import Cryptography
import Glibc
import Ledger
import Logging
import NodeLink
import Primitives
import ServiceKit

/// What a provider sells of one service.
package struct ProviderOffer: Hashable, Sendable {
  package let service: ServiceID
  package let prices: PriceVector
  /// How much is offered, in the service's unit (bytes for storage).
  package let capacity: UInt64

  package init(service: ServiceID, prices: PriceVector, capacity: UInt64) {
    self.service = service
    self.prices = prices
    self.capacity = capacity
  }
}

/// Why a provider is not in business.
package enum ProviderRegistrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// It asked to leave and its bond is on its way back.
  case unbonding(until: LedgerTime)
  /// The endpoint is no `host:port`.
  case badEndpoint(String)
  /// Its registration was submitted and is not on the ledger.
  case notRegistered(ProviderID)

  package var description: String {
    switch self {
    case .unbonding(let until):
      "This provider asked to leave; its bond is free at ledger time \(until). Withdraw it, then "
        + "register again."
    case .badEndpoint(let text): "\"\(text)\" is no host:port."
    case .notRegistered(let provider):
      "The ledger does not know the provider \(provider) although its registration was committed."
    }
  }
}

/// Brings the ledger's record of a provider to what its operator wants: registered, bonded, reached
/// at the right place, its offers standing.
///
/// It only submits what differs from the ledger, so it is run at each start.
package struct ProviderRegistration: Sendable {
  private let ledger: any ProviderLedger
  private let key: SigningKey
  private let lane: UInt8
  private let logger: Logger

  /// - Parameter lane: the lane of `key`'s account that is left to this.
  package init(
    ledger: any ProviderLedger, key: SigningKey, lane: UInt8 = 0,
    logger: Logger = Logger(label: "provider-agent")
  ) {
    self.ledger = ledger
    self.key = key
    self.lane = lane
    self.logger = logger
  }

  /// The provider's account.
  package var provider: ProviderID { key.accountID }

  /// Makes the record, the bond and the offers what they should be. A bond that is higher already
  /// stays. Returns the record as it then is.
  /// - Throws: ``ProviderRegistrationError``, ``TransactionRejected``, ``LedgerClientError``.
  package func ensure(
    endpoint: String, location: NetworkLocation? = nil, bond: Amount, offers: [ProviderOffer]
  ) async throws -> ProviderRecord {
    guard let place = LinkEndpoint(endpoint) else {
      throw ProviderRegistrationError.badEndpoint(endpoint)
    }
    let location = location ?? NetworkLocation(host: place.host)
    let record = try await ensureRegistered(endpoint: endpoint, location: location, bond: bond)
    if case .unbonding(let until) = record.standing {
      throw ProviderRegistrationError.unbonding(until: until)
    }
    if record.endpoint != endpoint || record.location != location {
      try await commit(.updateProvider(endpoint: endpoint, location: location), "endpoint changed")
    }
    if let missing = try? bond.subtracting(record.bond), missing > .zero {
      try await commit(.topUpBond(amount: missing), "bond topped up")
    }
    for offer in offers { try await ensure(offer) }
    return try await currentRecord() ?? record
  }

  /// Makes one offer stand as given.
  /// - Throws: ``TransactionRejected``, ``LedgerClientError``.
  package func ensure(_ offer: ProviderOffer) async throws {
    let key = StateKeys.offer(offer.service, provider)
    let standing = try await ledger.row(key, as: OfferRecord.self)
    if let standing, standing.prices == offer.prices, standing.capacity == offer.capacity { return }
    try await commit(
      .postOffer(service: offer.service, prices: offer.prices, capacity: offer.capacity),
      "offer posted")
  }

  /// Takes an offer back, if one stands.
  /// - Throws: ``TransactionRejected``, ``LedgerClientError``.
  package func withdrawOffer(of service: ServiceID) async throws {
    let key = StateKeys.offer(service, provider)
    guard try await ledger.row(key, as: OfferRecord.self) != nil else { return }
    try await commit(.withdrawOffer(service: service), "offer withdrawn")
  }

  /// Asks to leave. Obligations run on until the ledger has moved them.
  /// - Throws: ``TransactionRejected``, ``LedgerClientError``.
  package func startLeaving() async throws {
    guard let record = try await currentRecord() else { return }
    switch record.standing {
    case .active, .underbonded: try await commit(.startUnbonding, "asked to leave")
    case .unbonding, .left: return
    }
  }

  /// The provider's record on the ledger.
  /// - Throws: ``LedgerClientError``.
  package func currentRecord() async throws -> ProviderRecord? {
    try await ledger.row(StateKeys.provider(provider), as: ProviderRecord.self)
  }

  private func ensureRegistered(
    endpoint: String, location: NetworkLocation, bond: Amount
  ) async throws -> ProviderRecord {
    if let record = try await currentRecord(), record.standing != .left { return record }
    do {
      try await commit(
        .registerProvider(endpoint: endpoint, location: location, bond: bond), "registered")
    } catch let rejection as TransactionRejected
      where rejection.code == RejectionCode.providerExists.number
    {
      // An attempt before a crash got through.
    }
    guard let record = try await currentRecord() else {
      throw ProviderRegistrationError.notRegistered(provider)
    }
    return record
  }

  private func commit(_ operation: Operation, _ what: String) async throws {
    try await ledger.commit(operation, signer: key, lane: lane)
    logger.info("Provider: \(what).", metadata: ["provider": "\(provider)"])
  }
}

extension NetworkLocation {
  /// The location of an address, its autonomous system unknown. A name is not resolved: it counts
  /// as a network of its own kind with an empty prefix.
  package init(host: String) {
    self.init(prefix: Self.prefix(of: host), autonomousSystem: 0)
  }

  private static func prefix(of host: String) -> [UInt8] {
    if host == "localhost" || host == "::1" { return [127, 0, 0] }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    if parts.count == 4, !parts.contains(nil) { return parts.prefix(3).compactMap { $0 } }
    return addressBytes(ofIPv6: host).map { Array($0.prefix(6)) } ?? []
  }

  private static func addressBytes(ofIPv6 text: String) -> [UInt8]? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
  }
}
