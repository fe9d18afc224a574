import ArgumentParser
import Economics
import Foundation
import PresetFiles

/// Networks that are not running yet: their rules as files, and the directories of several
/// validators.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Make networks: compare and write economic rules, lay out several validators.",
    discussion: """
      A preset is a dated list of rules: what is emitted, burned, split, vested and locked. Those \
      of ten real networks come with the program, and `commons`, the default.

      `trellis up --preset NAME` runs one; `trace` then settles its epochs once more and compares.

      Examples:
        trellis network list
        trellis network show helium
        trellis network new --from commons --set vesting.epochs=30 --out mine.yaml
        trellis network check mine.yaml
        trellis network diff commons mine.yaml
        trellis network trace --data helium-net --out trace.jsonl
        trellis network testnet --validators 4 --out /srv/testnet
        trellis network join --genesis-from HOME --peer ID@HOST:26656 --out /srv/node
      """,
    subcommands: [
      ListPresets.self, ShowPreset.self, NewPreset.self, CheckPreset.self, ComparePresets.self,
      TraceCommand.self, TestnetCommand.self, JoinCommand.self,
    ])

  struct ListPresets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "The presets that come with the program.")
    @Flag(help: "As JSON.")
    var json = false

    private struct Entry: Encodable {
      let name, title, symbol: String
      let rules: [String]
      let uncertain: [String]
    }

    func run() async throws {
      let entries = PresetCatalogue.all.map { preset in
        Entry(
          name: preset.name, title: preset.title, symbol: preset.symbol,
          rules: preset.rules.map(\.id), uncertain: preset.rules.flatMap(\.uncertain))
      }
      if json { return print(try JSON.text(entries)) }
      let width = entries.map(\.name.count).max() ?? 0
      for entry in entries {
        let padding = String(repeating: " ", count: width - entry.name.count)
        print(
          "\(entry.name)\(padding)  \(entry.title) (\(entry.symbol)), rules: "
            + entry.rules.joined(separator: ", "))
      }
    }
  }

  struct ShowPreset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "A preset as a file that can be edited.")
    @Argument(help: "A preset's name, or a file.")
    var preset: String

    func run() async throws {
      let preset = try PresetSource.preset(self.preset)
      print(try PresetFile.text(of: preset), terminator: "")
      PresetSource.sayUncertain(preset)
    }
  }

  struct NewPreset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "A preset made from another.",
      discussion: """
        A field that begins with none of the preset's own is one of its last rules'. Items of \
        lists are named by place, by id or by name:
          --set vesting.epochs=30
          --set streams.subsidy.form.pool=50000000
          --set "rules[0].revenue[0].part=12.5 %"
        """)
    @Option(help: "The preset, or the file, to begin with.")
    var from: String
    @Option(help: ArgumentHelp("A field to set; may be given often.", valueName: "key=value"))
    var set: [String] = []
    @Option(help: "Where to write it; else it is printed.")
    var out: String?

    func run() async throws {
      let settings = try set.map { text in
        guard let cut = text.firstIndex(of: "=") else {
          throw ValidationError("--set \(text): write KEY=VALUE, such as vesting.epochs=30")
        }
        return (key: String(text[..<cut]), value: String(text[text.index(after: cut)...]))
      }
      let preset = try PresetFile.setting(settings, in: PresetSource.preset(from))
      let text = try PresetFile.text(of: preset)
      guard let out else { return print(text, terminator: "") }
      try AtomicFile.write(Data(text.utf8), to: out)
      print("Written: \(out). Check it after editing: trellis network check \(out)")
    }
  }

  struct CheckPreset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Whether a preset's file can be used; else what is wrong.")
    @Argument(help: "The file, or a preset's name.")
    var file: String

    func run() async throws {
      let preset = try PresetSource.preset(file)
      print("\(file): well. \(preset.title), \(preset.rules.count) sets of rules:")
      for rules in preset.rules {
        print("  from \(rules.effectiveFrom)  \(rules.id): \(rules.summary)")
      }
      PresetSource.sayUncertain(preset)
    }
  }

  struct ComparePresets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "The fields in which two presets differ. Exit code 2 when they do.")
    @Argument(help: "A preset's name, or a file.")
    var left: String
    @Argument(help: "A preset's name, or a file.")
    var right: String

    func run() async throws {
      let changes = try PresetFile.differences(
        PresetSource.preset(left), PresetSource.preset(right))
      if changes.isEmpty { return print("No difference.") }
      for change in changes {
        print(change.field)
        if let value = change.left { print("  - \(value)") }
        if let value = change.right { print("  + \(value)") }
      }
      throw ExitCode(2)
    }
  }
}

/// Where a preset comes from: the catalogue, or a file.
enum PresetSource {
  /// The preset of that name, else what the file of that name holds.
  /// - Throws: ``PresetFileError`` with file, line and field; ``UserError`` when there is neither.
  static func preset(_ source: String) throws -> Preset {
    if let known = PresetCatalogue.preset(named: source) { return known }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory),
      !isDirectory.boolValue
    else {
      throw UserError(
        "no preset and no file is called \(source)",
        advice: "Presets: \(PresetCatalogue.names.joined(separator: ", "))")
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: source))?[.size] as? Int ?? 0
    guard size <= PresetFile.byteLimit else {
      throw PresetFileError(file: source, message: "is larger than a preset can be (1 MiB)")
    }
    guard let data = FileManager.default.contents(atPath: source),
      let text = String(data: data, encoding: .utf8)
    else { throw PresetFileError(file: source, message: "cannot be read as UTF-8 text") }
    return try PresetFile.preset(text: text, file: source)
  }

  /// Says on standard error what of a preset is not certain.
  static func sayUncertain(_ preset: Preset) {
    for rules in preset.rules {
      for text in rules.uncertain {
        let line = "uncertain: \(rules.id): \(text)\n"
        try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
      }
    }
  }
}
