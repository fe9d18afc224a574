import ArgumentParser
import Cryptography
import Foundation
import GatewayKit
import Primitives

/// Makes an S3 key for somebody else: an agent, a script, a colleague.
struct AddKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Make an S3 key with a budget, an end and a prefix, fit for an agent.",
    discussion: """
      Such a key reads, writes and lists objects; it cannot make, delete or configure buckets nor \
      let others in. It is shown once and kept nowhere: it follows from the identity's seed and \
      its own limits, so a gateway serves it at once, also one that was rebuilt from the seed. An \
      upload is charged with a month of storage, a read with its transfer; refusals name the \
      limit. Ask with `Accept: application/json` for errors as JSON. `trellis keys revoke NAME` \
      ends every key of that name.

      Examples:
        trellis keys add agent --budget 5/month --expires 30d
        eval "$(trellis keys add backup --prefix backups/host1/)"
        trellis keys add ci --budget 0.5/month --expires 12h --prefix builds --json
      """)

  @OptionGroup var data: DataOption
  @Argument(help: "What the key is called in refusals: at most 32 bytes.")
  var name: String
  @Option(help: "Credits (US dollars) a calendar month, such as 5/month.")
  var budget: String?
  @Option(help: "When it ends: 30d, 12h, 90m from now.")
  var expires: String?
  @Option(help: "A bucket, or a bucket and the beginning of keys: photos, photos/2026/.")
  var prefix: String?
  @Option(help: "Whose data it reaches, and who pays.")
  var identity = "main"
  @Flag(help: "As JSON.")
  var json = false

  func validate() throws {
    if let budget, KeyLimits.budget(budget) == nil {
      throw ValidationError("--budget \(budget): write credits a month, such as 5/month.")
    }
    if let expires, KeyLimits.seconds(expires) == nil {
      throw ValidationError("--expires \(expires): write 30d, 12h or 90m.")
    }
    if let prefix, prefix.isEmpty || prefix.hasPrefix("/") {
      throw ValidationError("--prefix \(prefix): begin with the bucket's name.")
    }
  }

  func run() async throws {
    let network = try data.network()
    let seed = try network.secrets.identity(identity)
    let now = UInt64(Date().timeIntervalSince1970)
    let grant: AccessGrant
    do {
      grant = try AccessGrant(
        identity: seed, serial: .random(in: .min ... .max), name: name,
        expirySeconds: expires.flatMap(KeyLimits.seconds).map { now.addingSaturated($0) },
        monthlyBudgetMicroCredits: budget.flatMap(KeyLimits.budget), prefix: prefix)
    } catch {
      throw UserError("the name or the prefix is too long for a key (32 and 128 bytes).")
    }
    let made = MadeKey(
      name: name, accessKeyID: grant.accessKeyID, secretAccessKey: seed.s3SecretKey(of: grant),
      endpoint: "http://127.0.0.1:\(network.settings.ports.gateway)", identity: identity,
      budget: budget, expiresAt: grant.expirySeconds, prefix: prefix)
    print(json ? try JSON.text(made) : made.exports)
  }
}

/// A key as it is shown, once.
struct MadeKey: Codable {
  let name: String
  let accessKeyID: String
  let secretAccessKey: String
  let endpoint: String
  let identity: String
  let budget: String?
  /// In seconds since 1970.
  let expiresAt: UInt64?
  let prefix: String?

  /// For a shell; the limits as a comment.
  var exports: String {
    var limits: [String] = []
    if let budget { limits.append("budget \(budget)") }
    if let expiresAt { limits.append("until \(Date(timeIntervalSince1970: Double(expiresAt)))") }
    if let prefix { limits.append("prefix \(prefix)") }
    return """
      # key \(name) of \(identity): \(limits.isEmpty ? "no limits" : limits.joined(separator: ", "))
      export AWS_ENDPOINT_URL='\(endpoint)'
      export AWS_ACCESS_KEY_ID='\(accessKeyID)'
      export AWS_SECRET_ACCESS_KEY='\(secretAccessKey)'
      export AWS_REGION='us-east-1'
      export AWS_DEFAULT_REGION='us-east-1'
      """
  }
}

/// Limits as people write them.
enum KeyLimits {
  /// `5/month` or `5`, in millionths of a credit; nil for anything else.
  static func budget(_ text: String) -> UInt64? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 1 || (parts.count == 2 && parts[1] == "month"),
      let credits = Credits(decimal: String(parts[0]))
    else { return nil }
    return UInt64(exactly: credits.baseUnits / (Credits.baseUnitsPerWhole / 1_000_000))
  }

  /// `30d`, `12h`, `90m` or `60s`, in seconds; nil for anything else.
  static func seconds(_ text: String) -> UInt64? {
    let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()),
      count <= 100_000_000
    else { return nil }
    return count * unit
  }
}
