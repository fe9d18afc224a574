import Cryptography
import Ledger
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport

/// One provider over a fake ledger, and the customer who may use it.
struct ProviderFixture {
  static let lease = LeaseID(number: 7)
  static let group = PlacementGroupID(number: 2)

  let ledger: FakeLedger
  let customer = SigningKey(seed: Bytes32(words: (9, 9, 9, 9)))
  let key: SigningKey
  let service: StorageProviderService
  let directory: TemporaryDirectory
  let files = FaultyFileSystem()

  init(
    number: UInt64 = 1, ledger: FakeLedger = FakeLedger(), quotaBytes: UInt64 = 1 << 30,
    limits: any StorageLimiting = NoLimits(), peers: any ProviderCalling = NoPeers(),
    isPaused: @escaping @Sendable () -> Bool = { false }
  ) throws {
    self.ledger = ledger
    key = Self.key(number)
    directory = try TemporaryDirectory("provider")
    var configuration = StorageProviderService.Configuration(
      key: key, shardDirectory: directory.file("shards"),
      indexPath: directory.file("provider.sqlite"), quotaBytes: quotaBytes)
    configuration.isPaused = isPaused
    service = try StorageProviderService(
      configuration,
      access: ledger, peers: peers, limits: limits, files: files)
  }

  static func key(_ number: UInt64) -> SigningKey {
    SigningKey(seed: Bytes32(words: (number, 1, 1, 1)))
  }

  static let prices = PriceVector([
    .init(.stagedByteMilliseconds, creditsPerUnit: .whole(1)),
    .init(.egressBytes, creditsPerUnit: .whole(1)),
  ])

  /// Puts the lease and a group of `n` providers, numbered from 1, on the ledger.
  func openGroup(
    k: UInt8 = 2, n: UInt8 = 4, staging: Credits = .whole(100), usage: Credits = .whole(100)
  ) async throws {
    let lease = LeaseRecord(
      customer: customer.accountID, service: StorageKeys.service, provider: nil,
      prices: try unwrapped(Self.prices), order: OrderID(number: 1), openedAt: .genesis,
      escrow: EscrowBalances(staging: staging, usage: usage))
    ledger.put(StateKeys.lease(Self.lease), lease)
    let codeClass = try unwrapped(CodeClass(dataShards: k, totalShards: n))
    let group = PlacementGroupRecord(
      id: Self.group, lease: Self.lease, codeClass: codeClass, exclude: [], state: .drawn,
      providers: (1...UInt64(n)).map { Self.key($0).accountID }, openedAt: .genesis)
    ledger.put(StorageKeys.group(Self.group), group)
    setWriter(epoch: 1)
    ledger.setTime(1_000)
  }

  /// The ledger names a gateway of this epoch as the customer's writer.
  func setWriter(epoch: UInt64) {
    let customer = customer.accountID
    ledger.put(
      StorageKeys.writer(of: customer),
      WriterRecord(
        customer: customer, lease: Self.lease, epoch: epoch, gateway: .zero, claim: .zero,
        endpoint: "", raisedAt: .genesis))
  }

  func ask(_ request: StorageRequest, tail: [UInt8] = []) async throws -> (
    StorageResponse, ByteBuffer
  ) {
    let body = LinkBody.encode(request, tail: tail)
    return try await service.handler.answer(body)
  }

  /// The refusal of a request; nil when it was done.
  func refusal(_ request: StorageRequest, tail: [UInt8] = []) async throws -> StorageRefusal? {
    if case .refused(let refusal) = try await ask(request, tail: tail).0 { return refusal }
    return nil
  }

  func appendOrder(
    _ chunk: [UInt8], after before: [UInt8] = [], segment: UInt64 = 1, slot: UInt8 = 0,
    chain: Digest = FakeLedger.chainID, fence: UInt64 = 1, by signer: SigningKey? = nil,
    group: PlacementGroupID = Self.group
  ) -> StorageRequest {
    let order = AppendOrder(
      chain: chain, lease: Self.lease, group: group, segment: segment, slot: slot,
      fencingEpoch: fence, offset: UInt64(before.count), length: UInt32(chunk.count),
      runningRoot: ShardFixture.root(before + chunk))
    return .append(Signed(order, by: signer ?? customer))
  }

  func readOrder(
    _ range: Range<UInt64>, of length: UInt64, segment: UInt64 = 1, slot: UInt8 = 0,
    reader: SigningKey? = nil, authority: ReadAuthority = .payer, expiry: UInt64 = 10_000,
    provider: ProviderID? = nil
  ) -> StorageRequest {
    let reader = reader ?? customer
    let order = ReadOrder(
      chain: FakeLedger.chainID, lease: Self.lease, provider: provider ?? key.accountID,
      reader: reader.accountID, authority: authority, segment: segment, slot: slot,
      shardBytes: length, offset: range.lowerBound,
      length: UInt32(range.upperBound - range.lowerBound),
      expiry: LedgerTime(milliseconds: expiry))
    return .read(Signed(order, by: reader))
  }

  func control(
    _ action: ControlOrder.Action, by signer: SigningKey? = nil, fence: UInt64 = 1
  ) -> StorageRequest {
    let order = ControlOrder(
      chain: FakeLedger.chainID, lease: Self.lease, provider: key.accountID,
      fencingEpoch: fence, action: action, expiry: LedgerTime(milliseconds: 10_000))
    return .control(Signed(order, by: signer ?? customer))
  }
}

/// Nobody answers.
struct NoPeers: ProviderCalling {
  func call(
    _ request: StorageRequest, of provider: ProviderID
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) { throw FakeLedger.Down() }
}

struct Missing: Error {}

/// The value, or an error; `#require` works in tests only.
func unwrapped<T>(_ value: T?) throws -> T {
  guard let value else { throw Missing() }
  return value
}

extension StorageLinkHandler {
  /// The answer to a request, taken apart as its asker does.
  func answer(_ body: ByteBuffer) async throws -> (StorageResponse, ByteBuffer) {
    let payload = await respond(to: .zero, body)
    var whole = payload.head
    whole.writeImmutableBuffer(payload.tail)
    return try LinkBody.decode(StorageResponse.self, whole)
  }
}
