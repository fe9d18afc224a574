/// A scenario for each preset, for a start: `trellis simulate PRESET --print-scenario` prints it.
package enum BuiltInScenarios {
  /// The scenario of a preset as YAML, or nil where there is none.
  package static func text(preset: String) -> String? { all.first { $0.preset == preset }?.text }

  /// All of them.
  package static let all: [(preset: String, text: String)] = [
    ("commons", commons), ("helium", helium), ("filecoin", filecoin), ("render", render),
    ("akash", akash), ("io-net", ioNet), ("zero-g", zeroG), ("arweave", arweave),
    ("bittensor", bittensor), ("grass", grass), ("aethir", aethir),
  ]
}
