import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct PresetCodecTests {
  @Test(arguments: PresetCatalogue.names)
  func presetsSurviveTheirEncoding(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    let bytes = preset.canonicalBytes()
    #expect(try Preset(canonicalBytes: bytes) == preset)
    #expect(bytes.count < 65_536)
    // FNV-1a over the bytes: a change of rules or of the format is an explicit decision.
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    try Golden("economics").check("preset/\(name)", "\(bytes.count)-\(hash)")
  }

  /// Forms that no preset of the catalogue has.
  @Test func everyFormSurvives() throws {
    var preset = Preset.commons
    let forms: [Emission] = [
      .filecoin(
        FilecoinEmission(simpleTotal: .whole(1), baselineTotal: .whole(2), chainEpochsPerEpoch: 3)),
      .usdTarget(UsdTargetEmission(creditsPerUnit: .whole(4), cap: .whole(5))),
      .taper(
        TaperEmission(
          perEpoch: .whole(6), flatEpochs: 7, taperEpochs: 8, from: UnixTime(2027, 1, 1))),
    ]
    let inner = PoolSplit([Pool("a", .fixed(.whole(1)), .burn)], residual: "b")
    preset.rules[0].streams = forms.map {
      EmissionStream(
        "s", $0, from: ["x"],
        split: PoolSplit(
          [
            Pool("p", .votes(candidate: "c"), .split(inner)),
            Pool("q", .cappedWork(perMillion: 9, role: "r", creditsPerUnit: .whole(2)), .bucket),
          ], residual: "z", residualRecipients: .accounts(role: "r", weight: Weight(.fees))))
    }
    preset.rules[0].credit = .sinkOnly(SinkCredit(confidenceMultiple: 3))
    preset.rules[0].endowment = EndowmentRule(
      .linear(epochs: 11), intakePerMillion: 12, split: inner)
    preset.rules[0].slashes = [
      NamedSlash(
        "n",
        .sum([.smallest([.fixed(.whole(1)), .stakeByAge(perMillion: 2, fullAfter: 3)])]))
    ]
    preset.rules[0].mintBreaker = Breaker(windowEpochs: 1, perMillion: 2)
    preset.rules[0].surplus = SurplusBuyBack(stream: "s", perMillion: 3)
    #expect(try Preset(canonicalBytes: preset.canonicalBytes()) == preset)
  }

  @Test func damagedBytesAreRefusedAndNeverTrap() throws {
    var random = SeededGenerator.fromEnvironment(default: 4_010)
    let bytes = Preset.helium.canonicalBytes()
    for end in stride(from: 0, to: bytes.count - 1, by: 61) {
      #expect(throws: CodecError.self) { try Preset(canonicalBytes: Array(bytes[..<end])) }
    }
    for _ in 0..<500 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(
        truncatingIfNeeded: random.next())
      guard let preset = try? Preset(canonicalBytes: damaged) else { continue }
      #expect(preset.canonicalBytes() == damaged, "seed \(random.seed)")
    }
    // Slashes nested a thousand deep do not overflow the stack.
    var slash = Slash.fixed(.whole(1))
    for _ in 0..<100 { slash = .sum([slash]) }
    var deep = Preset.commons
    deep.rules[0].slashes = [NamedSlash("deep", slash)]
    #expect(throws: CodecError.self) { try Preset(canonicalBytes: deep.canonicalBytes()) }
    #expect(deep.problems().map(\.field) == ["rules[0].slashes[0]"])
  }
}
