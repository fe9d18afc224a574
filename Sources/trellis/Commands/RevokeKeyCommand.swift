import ArgumentParser
import Foundation
import StorageGateway

/// Ends keys that were made for somebody else.
struct RevokeKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End every S3 key of a name, at once and for good.",
    discussion: """
      The gateway refuses the keys from the moment on at which this command returns, and so does \
      one that is recovered from the network: the revocation is in the identity's log. Keys that \
      `keys add` makes later under the same name are refused too; give them another name. Without \
      a name it lists what was revoked. It needs a gateway that serves the identity.

      Examples:
        trellis keys revoke agent
        trellis keys revoke agent --identity carol --json
        trellis keys revoke
      """)

  @OptionGroup var data: DataOption
  @Argument(help: "What the keys were called; all that were revoked are listed without it.")
  var name: String?
  @Option(help: "Whose data they reach.")
  var identity = "main"
  @Flag(help: "As JSON.")
  var json = false

  func validate() throws {
    if let name, name.isEmpty || name.utf8.count > 32 {
      throw ValidationError("“\(name)” is no key's name: it has 1 to 32 bytes.")
    }
  }

  func run() async throws {
    let network = try data.network()
    let seed = try network.secrets.identity(identity)
    let client = S3SampleClient(
      port: network.settings.ports.gateway,
      signer: S3RequestSigner(
        accessKeyID: seed.s3AccessKeyID, secretKey: seed.s3SecretKey, region: "us-east-1"))
    let path = "/?trellis-revoked-key=" + S3RequestSigner.queryValue(name ?? "")
    let answer: [UInt8]
    do {
      answer = try await client.send(name == nil ? "GET" : "PUT", path, [], accepting: [200])
    } catch let error as UserError {
      throw error
    } catch {
      throw UserError(
        "the gateway at port \(client.port) does not answer: \(error)",
        advice: "`trellis status` says what runs.")
    }
    let keys = try JSONDecoder().decode([RevokedKey].self, from: Data(answer))
    if json {
      print(try JSON.text(keys))
    } else if keys.isEmpty {
      print("no key of \(identity) was revoked")
    } else {
      for key in keys { print("\(key.name) of \(identity): revoked at \(key.revokedAt)") }
    }
  }
}
