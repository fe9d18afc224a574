import ArgumentParser
import Foundation
import Simulator

/// Plays a network's rules forward.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play a network's rules forward, with operators, customers and cheats.",
    discussion: """
      The rules are the ledger's own. Runs are independent streams of one seed: the same seed, \
      version and scenario give the same numbers on any machine and with any number of threads. \
      Ctrl-C ends early and keeps what was played. `docs/scenarios.md` has the fields.

      Examples:
        trellis simulate commons
        trellis simulate helium --runs 3000 --report helium.html
        trellis simulate filecoin --set market.price-usd=4 --csv filecoin.csv
        trellis simulate commons --sweep unit-price-usd=0.05..0.5/10
        trellis simulate commons --sweep policy.vesting.epochs=30..120/4
        trellis simulate akash --audit
        trellis simulate io-net --print-scenario > mine.yaml
      """)

  @Argument(help: "The preset: commons, helium, filecoin, … or a file of `trellis network new`.")
  var preset: String
  @OptionGroup var options: SimulationOptions
  @Option(help: "How many runs, divided among the price regimes.")
  var runs: UInt64 = 300
  @Option(help: "One field at several values: KEY=FROM..TO or KEY=FROM..TO/STEPS.")
  var sweep: String?
  @Flag(help: "Attack it in seven ways and say what breaks first.")
  var audit = false
  @Option(name: .long, help: "Write all figures as CSV.", completion: .file())
  var csv: String?
  @Option(name: .long, help: "Write all figures as JSON Lines.", completion: .file())
  var jsonl: String?
  @Option(help: "Write a page for people, with charts.", completion: .file(extensions: ["html"]))
  var report: String?
  @Flag(name: .long, help: "Print the scenario as YAML and do nothing else.")
  var printScenario = false

  func validate() throws {
    guard (3...10_000_000).contains(runs) else {
      throw ValidationError("--runs \(runs) is not within 3 to 10000000.")
    }
    if audit && sweep != nil { throw ValidationError("--audit and --sweep exclude each other.") }
    let files = [csv, jsonl, report].compactMap { $0 }
    if (audit || sweep != nil) && !files.isEmpty {
      throw ValidationError("--csv, --jsonl and --report do not go with --audit and --sweep.")
    }
    if Set(files).count != files.count { throw ValidationError("Two outputs have one name.") }
  }

  func run() async throws {
    let request = try options.request(preset)
    if printScenario { return print(request.text) }
    if audit { return try await runAudit(request) }
    if let sweep { return try await runSweep(request, sweep) }
    let session = SimulationSession(threads: options.threadCount)
    let played = try await session.play(
      request, scenario: request.scenario, seed: options.seed, runs: runs)
    let context = context(request)
    try write(played, context)
    print(TerminalSummary.text(played, context: context))
    for file in [csv, jsonl, report].compactMap({ $0 }) { print("wrote \(file)") }
    if played.isPartial { throw ExitCode(130) }
  }

  private func context(_ request: SimulationRequest) -> ReportContext {
    ReportContext(
      version: ProgramVersion.text, commandLine: Self.commandLine,
      scenarioHash: request.hash, scenarioText: request.text, title: request.preset.title,
      notes: request.uncertainties)
  }

  /// The command as it was typed, quoted for a shell.
  private static var commandLine: String {
    (["trellis"] + CommandLine.arguments.dropFirst()).map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,[]".contains($0) }
        ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  private func write(_ played: PlayedSimulation, _ context: ReportContext) throws {
    if let csv { try AtomicFile.write(Data(DataFiles.csv(played).utf8), to: csv) }
    if let jsonl {
      try AtomicFile.write(Data(DataFiles.jsonLines(played, context: context).utf8), to: jsonl)
    }
    if let report {
      let page = try HTMLReport(played, context: context).html()
      try AtomicFile.write(Data(page.utf8), to: report)
    }
  }

  private func runAudit(_ request: SimulationRequest) async throws {
    let progress = SimulationProgress(total: 1)
    let auditor = Auditor(
      request.plan(seed: options.seed, runs: min(runs, 30)), threads: options.threadCount
    ) { try request.rules($0) }
    let report = try await auditor.audit { attack, strength in
      progress.note("\(attack.rawValue) at \(strength.exactText)")
    }
    progress.end()
    print(report.text)
  }

  private func runSweep(_ request: SimulationRequest, _ text: String) async throws {
    let sweep = try Sweep(text)
    var points: [SweepResult.Point] = []
    // All values are read before the first is played: a sweep fails at once or not at all.
    let scenarios = try sweep.values.map { value in
      try SimulationRequest(
        preset: preset, file: options.scenario,
        changes: options.set + ["\(sweep.key)=\(value.exactText)"], from: options.from,
        to: options.to)
    }
    let session = SimulationSession(threads: options.threadCount)
    for (value, request) in zip(sweep.values, scenarios) {
      let played = try await session.play(
        request, scenario: request.scenario, seed: options.seed, runs: runs)
      points.append(SweepResult.Point(value, played))
      if played.isPartial { break }
    }
    print(SweepResult(key: sweep.key, points: points).text)
    if points.count < sweep.values.count {
      print("stopped: \(points.count) of \(sweep.values.count) values were played")
      throw ExitCode(130)
    }
  }
}
