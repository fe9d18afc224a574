import Economics
import Primitives
import Simulator
import TestSupport
import Testing

/// The file of a trace: what it means, that it survives, and what its mistakes say.
@Suite struct UsageTraceFileTests {
  private static let main = PresetLedger.account(0)

  private static func read(_ text: String) throws(ScenarioError) -> UsageTrace {
    try UsageTraceFile.read(text, file: "use.jsonl") { $0 == "main" ? main : nil }
  }

  @Test func aLineIsWhatItSays() throws {
    let account = [
      "\"account\": \"main\"", "\"role\": \"provider\"", "\"usage\": 0.000000000000000001",
      "\"work\": 4", "\"score\": 0.25", "\"multiplier\": 10", "\"stake\": \"9\"", "\"lock\": \"5\"",
      "\"lock-epochs\": 30", "\"redeem\": \"1\"", "\"redeem-token\": \"IOT\"", "\"bought\": 3",
    ].joined(separator: ", ")
    let trace = try Self.read(
      """
      {"epoch": 3, "price": "2.5", "price-confidence": "0.01", "power": 7, "block-space": "12"}

      {"epoch": 3, "candidate": "iot", "votes": "1000.5"}
      {"epoch": 0, \(account)}
      """)
    #expect(trace.epochs.map(\.number) == [0, 3])
    let input = try #require(trace.epochs[0].accounts.first)
    #expect(input.account == Self.main && input.role == "provider")
    #expect(input.measures.usage == Credits(baseUnits: 1))
    #expect(input.measures.work == 4 && input.measures.scorePerMillion == 250_000)
    #expect(input.measures.multiplierPerMillion == 10_000_000)
    #expect(input.measures.stake == .whole(9) && input.bought == .whole(3))
    #expect(input.lock == .init(amount: .whole(5), epochs: 30))
    #expect(input.redeem == .init(subToken: "IOT", amount: .whole(1)))
    let epoch = trace.epochs[1]
    #expect(epoch.price == Credits(decimal: "2.5") && epoch.power == 7)
    #expect(epoch.priceConfidence == Credits(decimal: "0.01") && epoch.blockSpaceUsed == 12)
    #expect(epoch.candidates.map(\.name) == ["iot"])
    #expect(epoch.candidates[0].measures.votes == Amount(decimal: "1000.5"))
  }

  @Test(arguments: PresetCatalogue.names)
  func whatIsWrittenIsRead(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    var usage = RandomUsage(
      preset: preset, random: SeededGenerator.fromEnvironment(default: 4_020))
    var text = ""
    var epochs: [UsageTrace.Epoch] = []
    for number in UInt64(0)..<20 {
      let report = usage.report(epoch: number)
      var epoch = UsageTrace.Epoch(number: number)
      epoch.price = report.price
      epoch.priceConfidence = report.priceConfidence
      epoch.blockSpaceUsed = report.blockSpaceUsed
      epoch.candidates = report.candidates
      epoch.accounts = report.accounts
      epochs.append(epoch)
      text += UsageTraceFile.text(of: epoch) { $0.value.hex }
    }
    let back = try UsageTraceFile.read(text, file: "use.jsonl") { AccountID(hex: $0) }
    #expect(back == UsageTrace(epochs: epochs))
  }

  @Test func mistakesNameFileLineAndField() {
    let good = "{\"epoch\": 0, \"price\": \"1\"}\n"
    let mistakes: [(line: String, says: String)] = [
      ("{\"price\": \"1\"}", "use.jsonl:2: epoch: is missing"),
      ("{\"epoch\": -1}", "use.jsonl:2: epoch: -1 is not a whole number"),
      ("{\"epoch\": 0, \"price\": \"dear\"}", "use.jsonl:2: price: “dear” is no amount"),
      ("{\"epoch\": 0, \"prize\": \"1\"}", "use.jsonl:2: prize: is no field here"),
      ("{\"epoch\": 0, \"account\": \"nobody\", \"role\": \"x\"}", "account: “nobody” is no"),
      ("{\"epoch\": 0, \"account\": \"main\"}", "use.jsonl:2: role: is missing"),
      ("{\"epoch\": 0, \"account\": \"main\", \"role\": \"x\", \"score\": 2}", "2: score: 2 is"),
      ("{\"epoch\": 0, \"account\": \"main\", \"role\": \"x\", \"lock\": 2}", "2: lock-epochs:"),
      ("{\"epoch\": 0, \"account\": \"main\", \"role\": \"x\", \"work\": 1.5}", "2: work: “1.5”"),
      ("{\"epoch\": 0, \"epoch\": 1}", "use.jsonl:2:"),
      ("epoch 0", "use.jsonl:2: is no JSON object"),
      ("[1, 2]", "use.jsonl:2: is no JSON object"),
      ("{\"epoch\": 0", "use.jsonl:2: is no JSON object"),
    ]
    for (line, says) in mistakes {
      do throws(ScenarioError) {
        _ = try Self.read(good + line)
        Issue.record("\(line) was read")
      } catch {
        #expect(error.description.contains(says), "\(line): \(error)")
      }
    }
    #expect(throws: ScenarioError.self) { try Self.read("\n\n") }
  }
}
