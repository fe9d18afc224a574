import Foundation
import Ledger
import NodeLink
import Primitives
import ProviderAgent

/// The costs of the providers of this machine.
struct OperatorBooks {
  private let directories: [AccountID: String]
  private let milliseconds: UInt64

  /// - Parameter milliseconds: for how long the costs are.
  /// - Throws: ``UserError``.
  init(_ network: OpenNetwork, milliseconds: UInt64) throws {
    var directories: [AccountID: String] = [:]
    for (account, name) in try network.secrets.providerNames(network.settings) {
      directories[account] = network.directory.dataDirectory(of: name)
    }
    self.directories = directories
    self.milliseconds = milliseconds
  }

  /// What is left of these lines; nil when the provider is another machine's.
  /// - Throws: ``UserError``, ``OperatorProfileError``.
  func net(of provider: AccountID, lines: [PayoutLine]) throws -> NetIncome? {
    guard let directory = directories[provider] else { return nil }
    let now = SystemTime.unixMilliseconds()
    let meter = try TransferMeter(path: directory + "/transfer", unixMilliseconds: now)
    return try NetIncome(
      lines: lines, milliseconds: milliseconds,
      profile: OperatorFiles(directory: directory).profile(),
      transfers: meter.totals(unixMilliseconds: now), unixMilliseconds: now)
  }
}
