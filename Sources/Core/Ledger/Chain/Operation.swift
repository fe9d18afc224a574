import Primitives
import ServiceKit

/// What a transaction does. The case's byte is part of the wire format for ever.
package enum Operation: Hashable, Sendable, CanonicalCodable {
  /// Moves tokens to another account.
  case transfer(to: AccountID, amount: Amount)
  /// Mints tokens; only on a chain whose genesis allows it.
  case faucet(to: AccountID, amount: Amount)
  /// Makes the sender a provider, with a bond out of its balance.
  case registerProvider(endpoint: String, location: NetworkLocation, bond: Amount)
  /// Changes where the sender's provider is reached.
  case updateProvider(endpoint: String, location: NetworkLocation)
  /// Adds to the sender's bond.
  case topUpBond(amount: Amount)
  /// The sender's provider asks to leave.
  case startUnbonding
  /// Takes the bond back after the unbonding time, when no obligation is left.
  case withdrawBond
  /// Sets the sender's standing offer for a service. Capacity is in the service's unit.
  case postOffer(service: ServiceID, prices: PriceVector, capacity: UInt64)
  /// Takes the standing offer back.
  case withdrawOffer(service: ServiceID)
  /// Orders a service and pays its escrow.
  case placeOrder(OrderTerms)
  /// Takes back an order that nothing has matched, and its escrow.
  case cancelOrder(OrderID)
  /// A provider offers to serve an order at these prices.
  case placeBid(order: OrderID, prices: PriceVector)
  /// The customer takes a provider's bid.
  case acceptBid(order: OrderID, provider: ProviderID)
  /// Adds to one bucket of a lease's escrow; anyone may.
  case topUpLease(lease: LeaseID, bucket: EscrowBucket, credits: Credits)
  /// Ends a lease with a reason and the hash of its evidence (zero for none).
  case closeLease(lease: LeaseID, reason: String, evidence: Digest)
  /// Credits what a payer's voucher shows, out of the usage bucket.
  case claimVoucher(SignedVoucher)
  /// Sets a governed parameter; only a governor may.
  case changeParameter(name: String, value: UInt128)
  /// A service's own transaction.
  case service(ServiceID, payload: [UInt8])
  /// Makes the sender a validator, with stake out of its balance.
  case createValidator(ValidatorTerms)
  /// Changes the sender's validator's name or commission (parts of 10,000); nil leaves it.
  case editValidator(name: String?, commission: UInt16?)
  /// Stakes tokens with a validator.
  case delegate(validator: AccountID, amount: Amount)
  /// Takes stake away from a validator; it is paid out after the unbonding time.
  case undelegate(validator: AccountID, amount: Amount)
  /// Moves stake from one validator to another at once; for the unbonding time it still answers for
  /// faults of the first.
  case redelegate(from: AccountID, to: AccountID, amount: Amount)
  /// Releases the sender's validator from jail.
  case unjail
  /// Pays the rewards of the sender's stake with a validator.
  case claimRewards(validator: AccountID)
  /// Brings use of services that are not built into an epoch's settlement; on devnets only.
  /// Indirect: it would make every operation three times as large.
  indirect case reportUsage(UsageReport)

  /// The longest endpoint, in bytes.
  package static let endpointByteLimit = 255
  /// The longest reason for closing a lease, in bytes.
  package static let reasonByteLimit = 256
  /// The longest payload of a service's transaction, in bytes.
  package static let payloadByteLimit = 1 << 20

  /// The case's byte.
  package var kind: UInt8 {
    switch self {
    case .transfer: 1
    case .faucet: 2
    case .registerProvider: 3
    case .updateProvider: 4
    case .topUpBond: 5
    case .startUnbonding: 6
    case .withdrawBond: 7
    case .postOffer: 8
    case .withdrawOffer: 9
    case .placeOrder: 10
    case .cancelOrder: 11
    case .placeBid: 12
    case .acceptBid: 13
    case .topUpLease: 14
    case .closeLease: 15
    case .claimVoucher: 16
    case .changeParameter: 17
    case .service: 18
    case .reportUsage: 30
    case .createValidator: 50
    case .editValidator: 51
    case .delegate: 52
    case .undelegate: 53
    case .unjail: 54
    case .claimRewards: 55
    case .redelegate: 56
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(kind)
    switch self {
    case .transfer(let account, let amount), .faucet(let account, let amount):
      encoder.encode(account)
      encoder.encode(amount)
    case .topUpBond(let amount): encoder.encode(amount)
    case .startUnbonding, .withdrawBond: break
    case .claimVoucher(let voucher): encoder.encode(voucher)
    case .reportUsage(let report): encoder.encode(report)
    case .changeParameter(let name, let value):
      encoder.encode(name)
      encoder.encode(value)
    case .service(let service, let payload):
      encoder.encode(service)
      encoder.encode(payload)
    case .registerProvider, .updateProvider: encodeStaking(into: &encoder)
    case .createValidator, .editValidator, .delegate, .undelegate, .redelegate, .unjail,
      .claimRewards:
      encodeValidators(into: &encoder)
    case .postOffer, .withdrawOffer, .placeOrder, .cancelOrder, .placeBid, .acceptBid,
      .topUpLease, .closeLease:
      encodeMarket(into: &encoder)
    }
  }

  private func encodeStaking(into encoder: inout CanonicalEncoder) {
    switch self {
    case .registerProvider(let endpoint, let location, let bond):
      encoder.encode(endpoint)
      encoder.encode(location)
      encoder.encode(bond)
    case .updateProvider(let endpoint, let location):
      encoder.encode(endpoint)
      encoder.encode(location)
    default: break
    }
  }

  private func encodeValidators(into encoder: inout CanonicalEncoder) {
    switch self {
    case .createValidator(let terms): encoder.encode(terms)
    case .editValidator(let name, let commission):
      encoder.encode(name)
      encoder.encode(commission != nil)
      if let commission { encoder.encode(commission) }
    case .delegate(let validator, let amount), .undelegate(let validator, let amount):
      encoder.encode(validator)
      encoder.encode(amount)
    case .claimRewards(let validator): encoder.encode(validator)
    case .redelegate(let source, let target, let amount):
      encoder.encode(source)
      encoder.encode(target)
      encoder.encode(amount)
    default: break
    }
  }

  private func encodeMarket(into encoder: inout CanonicalEncoder) {
    switch self {
    case .postOffer(let service, let prices, let capacity):
      encoder.encode(service)
      encoder.encode(prices)
      encoder.encode(capacity)
    case .withdrawOffer(let service): encoder.encode(service)
    case .placeOrder(let terms): encoder.encode(terms)
    case .cancelOrder(let order): encoder.encode(order)
    case .placeBid(let order, let prices):
      encoder.encode(order)
      encoder.encode(prices)
    case .acceptBid(let order, let provider):
      encoder.encode(order)
      encoder.encode(provider)
    case .topUpLease(let lease, let bucket, let credits):
      encoder.encode(lease)
      encoder.encode(bucket)
      encoder.encode(credits)
    case .closeLease(let lease, let reason, let evidence):
      encoder.encode(lease)
      encoder.encode(reason)
      encoder.encode(evidence)
    default: break
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let kind = try decoder.decodeUInt8()
    switch kind {
    case 1: self = .transfer(to: try decoder.decode(), amount: try decoder.decode())
    case 2: self = .faucet(to: try decoder.decode(), amount: try decoder.decode())
    case 3...7: self = try Self.decodeStaking(kind, &decoder)
    case 8...15: self = try Self.decodeMarket(kind, &decoder)
    case 16: self = .claimVoucher(try decoder.decode())
    case 17:
      self = .changeParameter(
        name: try decoder.decodeString(limit: 64), value: try decoder.decodeUInt128())
    case 18:
      self = .service(
        try decoder.decode(), payload: try decoder.decodeBytes(limit: Self.payloadByteLimit))
    case 30: self = .reportUsage(try decoder.decode())
    case 50...56: self = try Self.decodeValidators(kind, &decoder)
    default: throw .unknownCase(type: "Operation", byte: kind)
    }
  }

  private static func decodeValidators(
    _ kind: UInt8, _ decoder: inout CanonicalDecoder
  ) throws(CodecError) -> Operation {
    switch kind {
    case 50: return .createValidator(try decoder.decode())
    case 51:
      let name: String? =
        try decoder.decodeBool()
        ? try decoder.decodeString(limit: ValidatorTerms.nameByteLimit) : nil
      let commission: UInt16? = try decoder.decodeBool() ? try decoder.decodeUInt16() : nil
      return .editValidator(name: name, commission: commission)
    case 52: return .delegate(validator: try decoder.decode(), amount: try decoder.decode())
    case 53: return .undelegate(validator: try decoder.decode(), amount: try decoder.decode())
    case 54: return .unjail
    case 55: return .claimRewards(validator: try decoder.decode())
    default:
      return .redelegate(
        from: try decoder.decode(), to: try decoder.decode(), amount: try decoder.decode())
    }
  }

  private static func decodeStaking(
    _ kind: UInt8, _ decoder: inout CanonicalDecoder
  ) throws(CodecError) -> Operation {
    switch kind {
    case 3:
      .registerProvider(
        endpoint: try decoder.decodeString(limit: endpointByteLimit),
        location: try decoder.decode(), bond: try decoder.decode())
    case 4:
      .updateProvider(
        endpoint: try decoder.decodeString(limit: endpointByteLimit),
        location: try decoder.decode())
    case 5: .topUpBond(amount: try decoder.decode())
    case 6: .startUnbonding
    default: .withdrawBond
    }
  }

  private static func decodeMarket(
    _ kind: UInt8, _ decoder: inout CanonicalDecoder
  ) throws(CodecError) -> Operation {
    switch kind {
    case 8:
      .postOffer(
        service: try decoder.decode(), prices: try decoder.decode(),
        capacity: try decoder.decodeUInt64())
    case 9: .withdrawOffer(service: try decoder.decode())
    case 10: .placeOrder(try decoder.decode())
    case 11: .cancelOrder(try decoder.decode())
    case 12: .placeBid(order: try decoder.decode(), prices: try decoder.decode())
    case 13: .acceptBid(order: try decoder.decode(), provider: try decoder.decode())
    case 14:
      .topUpLease(
        lease: try decoder.decode(), bucket: try decoder.decode(), credits: try decoder.decode())
    default:
      .closeLease(
        lease: try decoder.decode(), reason: try decoder.decodeString(limit: reasonByteLimit),
        evidence: try decoder.decode())
    }
  }
}
