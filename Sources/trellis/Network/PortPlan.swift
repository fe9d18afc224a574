/// Which loopback port belongs to whom, all from one base (docs/ARCHITECTURE.md).
struct PortPlan: Sendable {
  let base: Int

  /// The highest base that leaves room for every provider.
  static let highestBase = 60_000

  /// So many providers fit into the ports of one node of a testnet.
  static let providersBesideAnEngine = 70

  var validator: Int { base }
  var gateway: Int { base + 1 }
  var dashboard: Int { base + 2 }

  /// Where a process listens for its own purpose: RPC, S3, the page, the node link.
  func main(of process: ProcessName) -> Int {
    switch process.role {
    case .validator: validator
    case .gateway: gateway
    case .dashboard: dashboard
    case .provider: base + 10 + 2 * process.number
    }
  }

  /// Where a process shows its metrics and its health. The page shows its own health.
  func telemetry(of process: ProcessName) -> Int {
    switch process.role {
    case .validator: base + 3
    case .gateway: base + 4
    case .dashboard: base + 5
    case .provider: base + 11 + 2 * process.number
    }
  }

  /// The endpoints of a process as network.json lists them.
  func endpoints(of process: ProcessName) -> [String: String] {
    let main = "127.0.0.1:\(main(of: process))"
    let health = "http://127.0.0.1:\(telemetry(of: process))"
    let own: [String: String] =
      switch process.role {
      case .validator: ["rpc": "http://\(main)", "websocket": "ws://\(main)/websocket"]
      case .gateway: ["s3": "http://\(main)"]
      case .dashboard: ["page": "http://\(main)"]
      case .provider: ["link": main]
      }
    return own.merging(["metrics": health + "/metrics", "health": health + "/health"]) { a, _ in a }
  }
}
