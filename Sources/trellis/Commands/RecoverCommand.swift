import ArgumentParser
import Foundation
import StorageGateway

extension GatewayCommand {
  /// Rebuilds a lost gateway from the network.
  struct Recover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "recover", abstract: "Rebuild a lost gateway from an identity's seed.",
      discussion: """
        The network holds a log of every acknowledged change. Given the identity's seed and the \
        network, this fences the old gateway, so that it can write no more, and makes a directory \
        that `trellis gateway` serves, with the same S3 credentials. Killed in the middle it is \
        run again and goes on. What the directory held of the identity before is kept beside it.

        Examples:
          trellis gateway recover --identity main
          trellis gateway recover --identity main --directory /srv/gateway-2 --json
        """)

    @OptionGroup var data: DataOption
    @OptionGroup var place: GatewayPlace
    @Option(help: "Whose gateway is to be recovered.")
    var identity: String
    @Flag(help: "Do without what only providers hold that do not answer.")
    var withoutSilent = false
    @Flag(help: "As JSON lines: one a step, then the summary.")
    var json = false

    func run() async throws {
      let recovery = try GatewayRecovery(
        try data.network(), identity: identity, directory: place.absoluteDirectory,
        port: place.port, ignoresSilent: withoutSilent)
      let asJSON = json
      let summary = try await recovery.run { progress in
        if asJSON {
          print((try? JSON.line(progress)) ?? "")
        } else {
          let part = progress.total > 0 ? " (\(progress.count) of \(progress.total))" : ""
          Console.say("\(progress.step.rawValue): \(progress.text)\(part)")
        }
      }
      print(asJSON ? try JSON.line(summary) : Self.text(summary))
    }

    private static func text(_ summary: RecoverySummary) -> String {
      """
      Recovered \(summary.objects) objects in \(summary.buckets) buckets, up to record \
      \(summary.lastSequence): \(summary.logRecords) from the log, checkpoint up to \
      \(summary.checkpointSequence).
      \(summary.bundledSegments) segments in \(summary.bundles) bundles, \
      \(summary.stagedSegments) staged ones; \(summary.providersSilent) of \
      \(summary.providersAsked) providers did not answer.
      The old gateway is fenced (epoch \(summary.epoch)). Start the new one: trellis gateway
      """
    }
  }
}
