import Foundation
import LightClient
import Primitives

/// A block that the operator trusts, from a file of the operator's own and never from a node.
package struct TrustRoot: Codable, Hashable, Sendable {
  /// The chain's name, as in CometBFT's genesis.
  package let chainID: String
  /// The trusted block's height.
  package let height: UInt64
  /// Its header's hash, 64 hexadecimal digits.
  package let hash: String
  /// For how long a trusted block vouches for later ones; shorter than the unbonding time.
  package let trustingPeriodSeconds: Int64

  package init(chainID: String, height: UInt64, hash: String, trustingPeriodSeconds: Int64) {
    self.chainID = chainID
    self.height = height
    self.hash = hash
    self.trustingPeriodSeconds = trustingPeriodSeconds
  }

  private enum CodingKeys: String, CodingKey {
    case chainID = "chain_id"
    case height, hash
    case trustingPeriodSeconds = "trusting_period_seconds"
  }

  /// The root in the file at `path`.
  /// - Throws: ``TrustFileError``.
  package init(file path: String) throws(TrustFileError) {
    do {
      self = try JSONDecoder().decode(
        Self.self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch let error as DecodingError {
      throw TrustFileError(path: path, reason: Self.explanation(error))
    } catch {
      throw TrustFileError(path: path, reason: error.localizedDescription)
    }
    guard !chainID.isEmpty, chainID.utf8.count <= 50 else {
      throw TrustFileError(path: path, reason: "chain_id must have 1 to 50 bytes")
    }
    guard height > 0 else { throw TrustFileError(path: path, reason: "height must be above 0") }
    guard Digest(hex: hash) != nil else {
      throw TrustFileError(path: path, reason: "hash “\(hash.prefix(80))” is not 64 hex digits")
    }
    guard (60...315_360_000).contains(trustingPeriodSeconds) else {
      throw TrustFileError(
        path: path,
        reason: "trusting_period_seconds \(trustingPeriodSeconds) is not within 60 to 315360000")
    }
  }

  /// Writes the file anew, readable by everyone: nothing in it is secret.
  /// - Throws: ``TrustFileError``.
  package func write(to path: String) throws(TrustFileError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw TrustFileError(path: path, reason: error.localizedDescription)
    }
  }

  /// The rules that go with the root.
  package var rules: LightClientRules {
    LightClientRules(chainID: chainID, trustingPeriodSeconds: trustingPeriodSeconds)
  }

  private static func explanation(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "“\(key.stringValue)” is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      (context.codingPath.last.map { "“\($0.stringValue)”: " } ?? "") + context.debugDescription
    @unknown default: "\(error)"
    }
  }
}

/// A trust file that cannot be used.
package struct TrustFileError: Error, Hashable, Sendable, CustomStringConvertible {
  package let path: String
  package let reason: String

  package var description: String {
    "trust file \(path): \(reason). It holds {\"chain_id\": …, \"height\": …, \"hash\": …, "
      + "\"trusting_period_seconds\": …} of a block whose hash someone you trust told you"
  }
}
