import Economics
import Primitives

/// The rules of a network that settles by a preset, and where in their calendar it begins.
package struct GenesisPreset: Hashable, Sendable, CanonicalCodable {
  package let preset: Preset
  /// The epoch of the preset's calendar that the ledger's epoch 0 stands for. One epoch of the
  /// ledger is one of the preset, however long it lasts.
  package let firstEpoch: UInt64

  package init(preset: Preset, firstEpoch: UInt64) {
    self.preset = preset
    self.firstEpoch = firstEpoch
  }

  /// The longest name of a preset, in bytes.
  package static let nameByteLimit = 48

  /// The state with which a ledger begins whose accounts and stakes hold `held` tokens, and what
  /// circulates outside of them.
  /// - Throws: ``ArithmeticError/overflow``.
  package func start(
    held: Amount
  ) throws(ArithmeticError) -> (state: PolicyState, elsewhere: Amount) {
    try preset.ledgerState(epoch: firstEpoch, held: held)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(firstEpoch)
    encoder.encode(preset)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    firstEpoch = try decoder.decodeUInt64()
    preset = try decoder.decode()
  }
}
