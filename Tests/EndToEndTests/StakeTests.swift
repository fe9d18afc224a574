import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Staking as a person does it: with the command, from delegation to the explained reward.
  @Suite struct StakeTests {
    private struct Validator: Decodable {
      let account: String
      let stake: String
      let power: UInt64
      let standing: String
    }

    private struct Stake: Decodable {
      struct Leaving: Decodable { let amount: String }
      let stake: String
      let rewards: String
      let leaving: [Leaving]
    }

    private struct Earnings: Decodable {
      struct Line: Decodable {
        struct Staker: Decodable {
          let account: String
          let earned: String
        }
        struct Reason: Decodable { let kind: String }
        let reward: String
        let stakers: [Staker]
        let reason: Reason
      }
      struct Claim: Decodable {
        let staker: String
        let amount: String
      }
      let staking: [Line]
      let claims: [Claim]
    }

    private func read<T: Decodable>(
      _ type: T.Type, _ command: ShellCommand
    ) throws -> T {
      try JSONDecoder().decode(type, from: Data(try command.succeeded().utf8))
    }

    @Test(.timeLimit(.minutes(5)))
    func stakeEarnsIsExplainedAndLeaves() async throws {
      let network = try await DevNetwork(providers: 4, port: 22_800)
      let before = try read(
        [Validator].self, try await network.trellis("query", "validators", "--json"))
      #expect(before.map(\.power) == [1_000] && before.map(\.standing) == ["active"])
      _ = try await network.trellis("tx", "delegate", "--to", "validator", "--amount", "500")
        .succeeded()
      let after = try read(
        [Validator].self, try await network.trellis("query", "validators", "--json"))
      #expect(after.map(\.power) == [1_500])
      #expect(try await network.trellis("query", "price").succeeded().contains("1 credits"))

      try await eventually("an epoch pays stakers", within: 120) {
        let earnings = try read(
          Earnings.self, try await network.trellis("earnings", "--json", "--epochs", "50"))
        return earnings.staking.contains { line in
          line.reason.kind == "staking"
            && line.stakers.contains { $0.account == "main" && $0.earned != "0" }
        }
      }
      let earned = try read(
        [Stake].self, try await network.trellis("query", "stakes", "main", "--json"))
      #expect(earned.first?.stake == "500" && earned.first?.rewards != "0")
      _ = try await network.trellis("tx", "claim-rewards", "--validator", "validator")
        .succeeded()
      let paid = try read(
        Earnings.self, try await network.trellis("earnings", "--json", "--epochs", "50"))
      #expect(paid.claims.contains { $0.staker == "main" && $0.amount != "0" })
      let text = try await network.trellis("earnings", "--explain").succeeded()
      #expect(text.contains("\nstake\n") && text.contains("main was paid"))

      _ = try await network.trellis(
        "tx", "undelegate", "--validator", "validator", "--amount", "200"
      ).succeeded()
      let leaving = try read(
        [Stake].self, try await network.trellis("query", "stakes", "main", "--json"))
      #expect(leaving.first?.stake == "300" && leaving.first?.leaving.map(\.amount) == ["200"])
      let refused = try await network.trellis("tx", "unjail", "--from", "main")
      #expect(refused.status != 0)
      _ = try await network.trellis("verify").succeeded()
      try await network.stop()
    }
  }
}
