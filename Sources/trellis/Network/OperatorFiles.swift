import Foundation
import ProviderAgent

/// What an operator said of a provider, in the provider's directory.
struct OperatorFiles: Sendable {
  let directory: String

  private var limitsPath: String { directory + "/limits.json" }
  private var profilePath: String { directory + "/operator.json" }

  /// The limits; none where nothing was said. - Throws: ``UserError``.
  func limits() throws -> ProviderLimits {
    guard FileManager.default.fileExists(atPath: limitsPath) else { return ProviderLimits() }
    return try JSON.read(ProviderLimits.self, from: limitsPath)
  }

  /// Prices, costs and whether it is paused. - Throws: ``UserError``.
  func profile() throws -> OperatorProfile {
    guard FileManager.default.fileExists(atPath: profilePath) else { return OperatorProfile() }
    return try JSON.read(OperatorProfile.self, from: profilePath)
  }

  /// Keeps both. - Throws: ``UserError``, ``OperatorProfileError`` for values that make no sense.
  func save(_ limits: ProviderLimits, _ profile: OperatorProfile) throws {
    _ = try profile.costs()
    _ = try profile.prices()
    try AtomicFile.write(json: limits, to: limitsPath)
    try AtomicFile.write(json: profile, to: profilePath)
  }

  /// Says whether it takes new work. - Throws: ``UserError``.
  func setPaused(_ paused: Bool) throws {
    var profile = try profile()
    profile.isPaused = paused
    try AtomicFile.write(json: profile, to: profilePath)
  }
}
