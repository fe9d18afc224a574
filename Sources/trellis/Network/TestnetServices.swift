/// What starts a testnet's processes and starts them again: systemd units, and a compose file.
struct TestnetServices {
  let plan: TestnetPlan
  /// The directory that everything is in.
  let root: String
  /// Absolute paths of the two programs.
  let trellis: String
  let cometBFT: String

  /// The units, by file name.
  var units: [(name: String, text: String)] {
    plan.nodes.flatMap { node in
      [
        ("trellis-\(node.name).service", ledgerUnit(node)),
        ("cometbft-\(node.name).service", engineUnit(node)),
      ]
    }
  }

  private func ledgerUnit(_ node: TestnetPlan.Node) -> String {
    unit(
      "Trellis ledger of \(node.name)", after: "network-online.target",
      command: "\(trellis) validator --data \(root)/\(node.name)/trellis --abci "
        + node.abciEndpoint)
  }

  /// The node ends with status 0 when its connection to the ledger does, so it is always started
  /// again.
  private func engineUnit(_ node: TestnetPlan.Node) -> String {
    unit(
      "CometBFT of \(node.name)", after: "network-online.target trellis-\(node.name).service",
      command: "\(cometBFT) start --home \(root)/\(node.name)/cometbft")
  }

  private func unit(_ description: String, after: String, command: String) -> String {
    """
    [Unit]
    Description=\(description)
    Wants=network-online.target
    After=\(after)
    StartLimitIntervalSec=0

    [Service]
    ExecStart=\(command)
    Restart=always
    RestartSec=2
    LimitNOFILE=65536
    NoNewPrivileges=yes
    PrivateTmp=yes
    ProtectSystem=full
    UMask=0077

    [Install]
    WantedBy=multi-user.target

    """
  }

  /// `docker-compose.yml`: two containers a validator, which share one network name space, so that
  /// the ledger's socket stays on loopback.
  var compose: String {
    var text = """
      # docker compose up -d       TRELLIS_IMAGE names an image that has /usr/local/bin/trellis
      services:

      """
    for node in plan.nodes { text += services(of: node) }
    return text
  }

  private func services(of node: TestnetPlan.Node) -> String {
    let peers = plan.nodes.filter { $0.index != node.index }
      .map { "\($0.nodeID)@cometbft-\($0.name):\($0.peerPort)" }.joined(separator: ",")
    return """
        cometbft-\(node.name):
          image: cometbft/cometbft:\(CometBFTFiles.supportedVersion)
          restart: always
          user: "0:0"
          command:
            - start
            - --home=/cometbft
            - --p2p.laddr=tcp://0.0.0.0:\(node.peerPort)
            - --p2p.persistent_peers=\(peers)
            - --rpc.laddr=tcp://0.0.0.0:\(node.rpcPort)
          ports:
            - "127.0.0.1:\(node.rpcPort):\(node.rpcPort)"
          volumes:
            - ./\(node.name)/cometbft:/cometbft
        trellis-\(node.name):
          image: ${TRELLIS_IMAGE:-trellis:latest}
          restart: always
          network_mode: "service:cometbft-\(node.name)"
          command:
            - /usr/local/bin/trellis
            - validator
            - --data=/trellis
            - --abci=\(node.abciEndpoint)
          volumes:
            - ./\(node.name)/trellis:/trellis

      """
  }
}
