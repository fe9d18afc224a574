import LightClient
import Logging
import Primitives

/// Where a light client gets blocks from. What it gives is not trusted.
package protocol LightBlockSource: Sendable {
  /// What people call it: its address.
  var name: String { get }
  /// The highest block that it has.
  func latestHeight() async throws -> UInt64
  /// The header, votes and validators of a height.
  func lightBlock(at height: UInt64) async throws -> LightBlock
}

/// A node's RPC as a source of blocks.
package struct RPCLightBlockSource: LightBlockSource {
  /// CometBFT's largest page of validators.
  private static let pageSize = 100

  package let name: String
  let transport: RPCTransport

  /// The node at `endpoint`, such as `http://127.0.0.1:26657`.
  package init(endpoint: String, logger: Logger) {
    name = endpoint
    transport = RPCTransport(endpoints: [endpoint], logger: logger)
  }

  package func latestHeight() async throws -> UInt64 {
    try await transport.call("status", as: StatusAnswer.self, timeoutSeconds: 5)
      .syncInfo.latestBlockHeight.value
  }

  package func lightBlock(at height: UInt64) async throws -> LightBlock {
    let signed = try await transport.call(
      "commit", ["height": .text("\(height)")], as: SignedHeaderAnswer.self)
    return LightBlock(
      header: signed.header, commit: try signed.commit(),
      validators: try await validators(at: height))
  }

  /// All pages of a height's validators.
  private func validators(at height: UInt64) async throws -> ConsensusValidatorSet {
    var validators: [ConsensusValidator] = []
    for page in 1...(ConsensusValidatorSet.countLimit / Self.pageSize) {
      let answer = try await transport.call(
        "validators",
        [
          "height": .text("\(height)"), "page": .text("\(page)"),
          "per_page": .text("\(Self.pageSize)"),
        ], as: ValidatorsAnswer.self)
      guard answer.blockHeight.value == height else {
        throw LightClientError.wrongHeight(asked: height, answered: answer.blockHeight.value)
      }
      for validator in answer.validators { validators.append(try validator.validator()) }
      if answer.validators.isEmpty || validators.count >= answer.total.value { break }
    }
    return try ConsensusValidatorSet(validators)
  }
}
