import ArgumentParser

/// `trellis`: everything that people type.
@main
struct TrellisCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trellis",
    abstract: "A network of storage providers on your machine: real S3, proven and paid.",
    discussion: """
      Start a whole network here, and point the S3 client that you have at it:

        trellis up                        # twelve providers, a ledger, an S3 gateway, a page
        eval "$(trellis env)"             # in another terminal
        aws s3 mb s3://photos && aws s3 cp picture.jpg s3://photos/
        trellis status
        trellis earnings --explain

      All state lives in one directory (--data, `.trellis` unless told otherwise). Exit codes: 0 \
      well, 1 it failed, 2 what was found is not as it should be (status, verify), 64 wrong usage.
      """,
    subcommands: [
      UpCommand.self, DownCommand.self, StatusCommand.self, EnvCommand.self, EarningsCommand.self,
      QuoteCommand.self, UsageCommand.self,
      ProviderCommand.self, GatewayCommand.self, ValidatorCommand.self, DashboardCommand.self,
      NetworkCommand.self, SimulateCommand.self, PaybackCommand.self, SnapshotCommand.self,
      KeysCommand.self, TransactionCommand.self, QueryCommand.self, VerifyCommand.self,
    ])
}
