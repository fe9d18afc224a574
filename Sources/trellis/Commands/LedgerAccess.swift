import ChainClient
import Foundation
import Logging

/// Which ledger nodes are asked, and whether they are believed.
struct LedgerAccess: Sendable {
  /// In the order in which they are asked; empty for the network's own.
  let endpoints: [String]
  private let root: TrustRoot?
  private let trustFile: String?

  /// The network's own node, believed.
  init() {
    endpoints = []
    root = nil
    trustFile = nil
  }

  /// - Throws: ``UserError`` for an endpoint that is none, ``TrustFileError``.
  init(endpoints: [String], trustFile: String?) throws {
    for endpoint in endpoints {
      guard let url = URL(string: endpoint), ["http", "https"].contains(url.scheme), url.host != nil
      else {
        throw UserError("--rpc “\(endpoint)” is no address; give one such as http://host:26657")
      }
    }
    self.endpoints = endpoints
    self.trustFile = trustFile
    root = try trustFile.map { path throws(TrustFileError) in try TrustRoot(file: path) }
  }

  /// The options that give a process the same access.
  var arguments: [String] {
    let trust = trustFile.map { ["--trust", URL(fileURLWithPath: $0).path] } ?? []
    return endpoints.flatMap { ["--rpc", $0] } + trust
  }

  /// A client of the nodes named, else of `standard`.
  func client(standard: String, progressPath: String?, logger: Logger) -> LedgerClient {
    let nodes = endpoints.isEmpty ? [standard] : endpoints
    let proofs = root.map { root in
      ProvenReads(
        chain: VerifiedChain(
          root: root, sources: nodes.map { RPCLightBlockSource(endpoint: $0, logger: logger) },
          progressPath: progressPath, logger: logger))
    }
    return LedgerClient(endpoints: nodes, proofs: proofs, logger: logger)
  }
}
