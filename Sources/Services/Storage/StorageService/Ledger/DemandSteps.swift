import Primitives
import ServiceKit

/// Demands that a provider opens steps of a transcript that it posted in the running settlement
/// epoch. The provider answers with ``OpenSteps``, in the same round and its transcript's attempt.
package struct DemandSteps: Hashable, Sendable, CanonicalCodable {
  /// The most steps of one demand.
  package static let stepLimit = 8

  package let round: RoundID
  package let provider: ProviderID
  /// An open storage lease of the sender's: its repair bucket stands for the deposit.
  package let lease: LeaseID
  /// Strictly ascending.
  package let steps: [UInt32]

  package init(round: RoundID, provider: ProviderID, lease: LeaseID, steps: [UInt32]) {
    self.round = round
    self.provider = provider
    self.lease = lease
    self.steps = steps
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(round)
    encoder.encode(provider)
    encoder.encode(lease)
    encoder.encode(steps)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    round = try decoder.decode()
    provider = try decoder.decode()
    lease = try decoder.decode()
    steps = try decoder.decodeArray(limit: Self.stepLimit)
  }
}
