import ArgumentParser

/// Says what storing something would cost.
struct QuoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quote", abstract: "Say what storing so much for so long costs here.",
    discussion: """
      From the prices of the identity's lease (or, before it has one, the most that a gateway \
      orders at) and the class that the live operators allow. Nothing is reserved.

      Examples:
        trellis quote --size 1TiB --months 3
        trellis quote --size 200GB --months 12 --reads 50GB --json
      """)

  @OptionGroup var data: DataOption
  @Option(help: "How much: bytes, or with KB, MB, GB, TB, KiB, MiB, GiB, TiB behind.")
  var size: String
  @Option(help: "For how many months of thirty days.")
  var months: Int = 1
  @Option(help: "How much of it is read, in all.")
  var reads: String = "0"
  @Option(help: "Whose lease.")
  var identity = "main"
  @Flag(help: "As JSON.")
  var json = false

  func validate() throws {
    guard (1...1_200).contains(months) else {
      throw ValidationError("--months \(months) is not within 1 to 1200.")
    }
    for (name, text) in [("--size", size), ("--reads", reads)] where ByteCount(text) == nil {
      throw ValidationError("\(name) \(text) is no size: write 500MB, 1TiB, or a number of bytes.")
    }
  }

  func run() async throws {
    let network = try data.network()
    guard let size = ByteCount(size), let reads = ByteCount(reads) else { return }
    let report = try await QuoteReport.make(
      network, identity: identity, size: size.bytes, months: months, reads: reads.bytes)
    print(json ? try JSON.text(report) : report.text)
  }
}
