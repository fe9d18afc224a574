import Cryptography
import Ledger
import Primitives
import ServiceKit

/// A service whose transactions are the calls of a ``ServiceContext``, one each.
struct FakeService: ServiceModule {
  enum Command: CanonicalCodable {
    case accrue(LeaseID, ProviderID, PriceDimension, UInt128, EscrowBucket)
    case pay(LeaseID, ProviderID, Credits, EscrowBucket)
    case slash(ProviderID, Amount, beneficiary: AccountID, Amount, LeaseID)
    case draw([UInt8])
    case wake(LedgerTime, notBefore: UInt64, [UInt8])
    case write([UInt8], [UInt8])
    case writeThenFail([UInt8], [UInt8])
    case close(LeaseID)
    case zero(ProviderID)
    case oblige(ProviderID, Bool)

    func encode(into encoder: inout CanonicalEncoder) {
      switch self {
      case .accrue(let lease, let provider, let dimension, let quantity, let bucket):
        encoder.encode(UInt8(1))
        encoder.encode(lease)
        encoder.encode(provider)
        encoder.encode(dimension)
        encoder.encode(quantity)
        encoder.encode(bucket)
      case .pay(let lease, let provider, let credits, let bucket):
        encoder.encode(UInt8(2))
        encoder.encode(lease)
        encoder.encode(provider)
        encoder.encode(credits)
        encoder.encode(bucket)
      case .slash(let provider, let amount, let beneficiary, let share, let lease):
        encoder.encode(UInt8(3))
        encoder.encode(provider)
        encoder.encode(amount)
        encoder.encode(beneficiary)
        encoder.encode(share)
        encoder.encode(lease)
      case .draw(let token):
        encoder.encode(UInt8(4))
        encoder.encode(token)
      case .wake(let time, let height, let token):
        encoder.encode(UInt8(5))
        encoder.encode(time)
        encoder.encode(height)
        encoder.encode(token)
      case .write(let key, let value):
        encoder.encode(UInt8(6))
        encoder.encode(key)
        encoder.encode(value)
      case .writeThenFail(let key, let value):
        encoder.encode(UInt8(7))
        encoder.encode(key)
        encoder.encode(value)
      case .close(let lease):
        encoder.encode(UInt8(8))
        encoder.encode(lease)
      case .zero(let provider):
        encoder.encode(UInt8(9))
        encoder.encode(provider)
      case .oblige(let provider, let isObliged):
        encoder.encode(UInt8(10))
        encoder.encode(provider)
        encoder.encode(isObliged)
      }
    }

    init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      let kind = try decoder.decodeUInt8()
      switch kind {
      case 1:
        self = .accrue(
          try decoder.decode(), try decoder.decode(), try decoder.decode(),
          try decoder.decodeUInt128(), try decoder.decode())
      case 2:
        self = .pay(
          try decoder.decode(), try decoder.decode(), try decoder.decode(), try decoder.decode())
      case 3:
        self = .slash(
          try decoder.decode(), try decoder.decode(), beneficiary: try decoder.decode(),
          try decoder.decode(), try decoder.decode())
      case 4: self = .draw(try decoder.decodeBytes(limit: 32))
      case 5:
        self = .wake(
          try decoder.decode(), notBefore: try decoder.decodeUInt64(),
          try decoder.decodeBytes(limit: 32))
      case 6:
        self = .write(try decoder.decodeBytes(limit: 32), try decoder.decodeBytes(limit: 64))
      case 7:
        self = .writeThenFail(
          try decoder.decodeBytes(limit: 32), try decoder.decodeBytes(limit: 64))
      case 8: self = .close(try decoder.decode())
      case 9: self = .zero(try decoder.decode())
      case 10: self = .oblige(try decoder.decode(), try decoder.decodeBool())
      default: throw .unknownCase(type: "Command", byte: kind)
      }
    }
  }

  static let id = ServiceID(number: 7)
  var id: ServiceID { Self.id }
  var name: String { "fake" }
  var parameters: [ParameterDeclaration] {
    [
      ParameterDeclaration(
        "fake.size", minimum: 1, maximum: 10, production: 5, devnet: { _ in 7 }, meaning: "a size")
    ]
  }

  static func cause(_ kind: String) -> Cause {
    Cause(kind: kind, text: "because of \(kind)", rule: "fake/1", evidence: Digest.sha256([1]))
  }

  func row(_ name: [UInt8]) -> StateKey { key(1) { $0.append(raw: name) } }
  private func obligation(_ id: ProviderID) -> StateKey { key(2) { $0.encode(id) } }

  func apply(
    _ payload: [UInt8], from sender: AccountID, in context: inout some ServiceContext
  ) throws(Rejection) {
    let command: Command
    do throws(CodecError) { command = try Command(canonicalBytes: payload) } catch {
      throw Rejection(error)
    }
    switch command {
    case .accrue(let lease, let provider, let dimension, let quantity, let bucket):
      _ = try context.accrue(
        lease: lease, provider: provider, dimension: dimension, quantity: quantity, from: bucket,
        cause: Self.cause("stream"))
    case .pay(let lease, let provider, let credits, let bucket):
      _ = try context.pay(
        lease: lease, provider: provider, credits: credits, from: bucket,
        cause: Self.cause("fixed"))
    case .slash(let provider, let amount, let beneficiary, let share, let lease):
      _ = try context.slash(
        provider: provider, amount: amount, beneficiaries: [(beneficiary, share)], lease: lease,
        cause: Self.cause("fault"))
    case .draw(let token): context.requestDraw(token: token)
    case .wake(let time, let height, let token):
      context.scheduleWake(at: time, notBefore: height, token: token)
    case .write(let key, let value): context.setValue(value, at: row(key))
    case .writeThenFail(let key, let value):
      context.setValue(value, at: row(key))
      context.requestDraw(token: key)
      context.emit(ServiceEvent("fake.never", []))
      throw Rejection(RejectionCode(8001, "fake-refusal"), "as asked")
    case .close(let lease): try context.closeLease(lease, cause: Self.cause("service"))
    case .zero(let provider):
      context.noteZero(provider: provider, lease: nil, cause: Self.cause("missed"))
    case .oblige(let provider, let isObliged):
      context.setValue(isObliged ? [1] : nil, at: obligation(provider))
    }
  }

  func wake(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    if token.first == 255 {
      context.setValue([9], at: row(token))
      throw Rejection(RejectionCode(8002, "fake-wake"), "as asked")
    }
    context.setValue(
      UInt64(context.height).canonicalBytes() + context.time.canonicalBytes(), at: row(token))
  }

  func drawn(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    context.setValue(
      UInt64(context.height).canonicalBytes() + context.beacon.bytes, at: row(token))
  }

  func genesis(in context: inout some ServiceContext) throws(Rejection) {
    context.setValue([1], at: row(Array("genesis".utf8)))
  }

  func epochEnds(in context: inout some ServiceContext) throws(Rejection) {
    context.emit(ServiceEvent("fake.epoch-ends", [("epoch", String(context.epoch))]))
  }

  func providerChanged(
    _ provider: ProviderID, in context: inout some ServiceContext
  ) throws(Rejection) {
    let standing = context.provider(provider).map { "\($0.standing)" } ?? "none"
    context.emit(ServiceEvent("fake.provider", [("standing", standing)]))
  }

  func isObliged(_ provider: ProviderID, in context: some ServiceContext) -> Bool {
    context.value(at: obligation(provider)) != nil
  }

  func leaseCloses(_ lease: LeaseID, in context: inout some ServiceContext) throws(Rejection) {
    context.emit(ServiceEvent("fake.lease-closes", [("lease", lease.description)]))
  }
}
