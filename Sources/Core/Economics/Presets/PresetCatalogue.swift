/// The presets that come with the program, by name.
package enum PresetCatalogue {
  /// All of them, the default first.
  package static let all: [Preset] = [
    .commons, .helium, .filecoin, .render, .akash, .ioNet, .zeroG, .arweave, .bittensor, .grass,
    .aethir,
  ]

  /// Their names.
  package static var names: [String] { all.map(\.name) }

  /// The preset of a name, or nil.
  package static func preset(named name: String) -> Preset? { all.first { $0.name == name } }
}
