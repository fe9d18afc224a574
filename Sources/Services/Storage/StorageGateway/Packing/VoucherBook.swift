import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit
import StorageService

/// What this gateway has promised each provider for egress, cumulative, and the vouchers that say
/// so. A voucher that is lost costs nothing: the next one holds its sum.
actor VoucherBook {
  private let catalog: SegmentCatalog
  private let calls: ShardCalls
  private let network: any StorageNetwork
  private let signer: SigningKey
  private let logger: Logger
  private var promised: [ProviderID: Credits]?
  private var lane: UInt32?
  /// Bytes read and not yet covered by a voucher.
  private var owedBytes: [ProviderID: UInt64] = [:]
  /// Bytes that a voucher covered before they were read.
  private var prepaidBytes: [ProviderID: UInt64] = [:]
  /// The settlement that runs with each provider: one at a time, so that sums only grow.
  private var underWay: [ProviderID: Task<Void, Never>] = [:]

  /// How many bytes are read from a provider before it gets a voucher unasked.
  static let bytesPerVoucher: UInt64 = 4 << 20

  init(
    catalog: SegmentCatalog, calls: ShardCalls, network: any StorageNetwork, signer: SigningKey,
    logger: Logger
  ) {
    self.catalog = catalog
    self.calls = calls
    self.network = network
    self.signer = signer
    self.logger = logger
  }

  /// Notes bytes that a provider has sent; a voucher follows when enough has gathered.
  func note(bytes: UInt64, from provider: ProviderID) {
    let prepaid = min(prepaidBytes[provider] ?? 0, bytes)
    prepaidBytes[provider] = (prepaidBytes[provider] ?? 0).subtractingSaturated(prepaid)
    let owed = (owedBytes[provider] ?? 0).addingSaturated(bytes.subtractingSaturated(prepaid))
    owedBytes[provider] = owed
    if owed >= Self.bytesPerVoucher && underWay[provider] == nil { _ = begin(with: provider) }
  }

  /// Sends a voucher for all that is owed, and for `extraBytes` more when the provider asks to be
  /// paid before it goes on. Returns when the voucher has been delivered, or could not be.
  func settle(with provider: ProviderID, extraBytes: UInt64 = 0) async {
    while let running = underWay[provider] { await running.value }
    await begin(with: provider, extraBytes: extraBytes).value
  }

  /// Starts a settlement that its asker's cancellation does not stop half-way.
  private func begin(
    with provider: ProviderID, extraBytes: UInt64 = 0
  ) -> Task<Void, Never> {
    let task = Task {
      await send(to: provider, extraBytes: extraBytes)
      underWay[provider] = nil
    }
    underWay[provider] = task
    return task
  }

  private func send(to provider: ProviderID, extraBytes: UInt64) async {
    let owed = owedBytes[provider] ?? 0
    let bytes = owed.addingSaturated(extraBytes)
    guard bytes > 0 else { return }
    do {
      let cost = try await network.egressCost(ofBytes: bytes)
      let before = try await promises()[provider] ?? .zero
      let cumulative = try before.adding(cost)
      // Noted before it is sent: after a crash we must never sign less than was sent.
      try await catalog.savePromise(cumulative, to: provider)
      promised?[provider] = cumulative
      owedBytes[provider] = (owedBytes[provider] ?? 0).subtractingSaturated(owed)
      prepaidBytes[provider] = (prepaidBytes[provider] ?? 0).addingSaturated(extraBytes)
      let voucher = Voucher(
        chain: network.chain, lease: network.lease, lane: try await voucherLane(),
        provider: provider,
        cumulative: cumulative)
      try await calls.voucher(
        SignedVoucher.sign(voucher, with: signer).canonicalBytes(), to: provider)
    } catch {
      logger.debug("a voucher to provider \(provider) was not delivered: \(error)")
    }
  }

  /// Sends vouchers for everything that is owed.
  func settleAll() async {
    for provider in owedBytes.keys.sorted() where (owedBytes[provider] ?? 0) > 0 {
      await settle(with: provider)
    }
  }

  /// The lane of this gateway's vouchers: a gateway that was recovered knows no sum that its
  /// predecessor promised, and so begins a lane of its own.
  private func voucherLane() async throws -> UInt32 {
    if let lane { return lane }
    let known = UInt32(clamping: try await catalog.current(Self.laneCounter))
    lane = known
    return known
  }

  /// The catalog's name of ``voucherLane()``.
  static let laneCounter = "voucher-lane"

  private func promises() async throws -> [ProviderID: Credits] {
    if let promised { return promised }
    let loaded = try await catalog.vouchers()
    promised = loaded
    return loaded
  }
}
