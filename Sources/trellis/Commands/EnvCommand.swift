import ArgumentParser

/// Prints what S3 clients read from the environment.
struct EnvCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env", abstract: "Print shell exports for S3 clients.",
    discussion: """
      Examples:
        eval "$(trellis env)"
        eval "$(trellis env --identity alt)" && aws s3 ls
      """)

  @OptionGroup var data: DataOption
  @Option(help: "Whose credentials: main or alt, or one that `trellis keys` made.")
  var identity = "main"

  func run() async throws {
    let network = try data.network()
    let seed = try network.secrets.identity(identity)
    let values = [
      ("AWS_ENDPOINT_URL", "http://127.0.0.1:\(network.settings.ports.gateway)"),
      ("AWS_ACCESS_KEY_ID", seed.s3AccessKeyID),
      ("AWS_SECRET_ACCESS_KEY", seed.s3SecretKey),
      ("AWS_REGION", "us-east-1"),
      ("AWS_DEFAULT_REGION", "us-east-1"),
    ]
    for (name, value) in values { print("export \(name)='\(value)'") }
  }
}
