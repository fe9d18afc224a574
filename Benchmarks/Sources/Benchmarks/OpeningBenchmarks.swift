import Cryptography
import Primitives
import ServiceKit
import StorageService

/// What the ledger does with an 8-step opening of a possession proof, on one core: decode the
/// payload and judge it. The provider is a large one, so the paths are long.
enum OpeningBenchmarks {
  /// Openings a second that one core is to judge.
  private static let goal = 10_000.0

  static func run() throws {
    for leafBytes in [1024, 256] {
      let source = try RepeatedShards(
        bundles: 256, segments: 64, shardBytes: 8 << 20, leafBytes: leafBytes)
      let walk = try PossessionWalk(
        challenge: source.challenge, obligations: source.obligations, frozenHeight: 2,
        source: source)
      let named = source.challenge.namedSteps(
        beacon: .zero, transcriptRoot: walk.transcriptRoot, count: 8)
      let payload = OpenSteps(
        round: source.challenge.round, attempt: 1,
        openings: try walk.openings(of: named, source: source)
      ).canonicalBytes()
      try measure(
        payload,
        OpeningVerifier(
          challenge: source.challenge, transcriptRoot: walk.transcriptRoot), named, leafBytes)
    }
  }

  private static func measure(
    _ payload: [UInt8], _ verifier: OpeningVerifier, _ named: [UInt32], _ leafBytes: Int
  ) throws {
    let openings = try OpenSteps(canonicalBytes: payload).openings
    guard verifier.judge(openings, named: named) == .proven else {
      print("an honest opening was not proven: the benchmark is wrong")
      return
    }
    let judged = Measurement { keep(verifier.judge(openings, named: named)) }
    judged.report("opening of 8 steps judged, leaves of \(leafBytes) B", against: goal)
    let decoded = Measurement {
      do throws(CodecError) {
        let openings = try OpenSteps(canonicalBytes: payload).openings
        keep(verifier.judge(openings, named: named))
      } catch { print("not decoded: \(error)") }
    }
    decoded.report("… and decoded from its \(payload.count) B", against: goal)
  }
}

/// A provider's columns whose shards all have the same bytes: paths as long as those of so much real
/// data, in little memory.
private struct RepeatedShards: PossessionSource {
  let challenge: WalkChallenge
  let obligations: [ObligationRecord]
  private let column: PossessionColumn
  private let tree: MerkleLevels
  private let leafContent: [UInt8]

  init(bundles: Int, segments: Int, shardBytes: Int, leafBytes: Int) throws {
    leafContent = [UInt8](repeating: 7, count: leafBytes)
    let leaves = shardBytes / leafBytes
    tree = MerkleLevels(
      leafHashes: [Digest](repeating: MerkleTree.leafHash(leafContent), count: leaves))
    let shards = [(root: Digest, leafCount: UInt64)](
      repeating: (tree.root, UInt64(leaves)), count: segments)
    let sums = try MerkleSumTree(entries: shards.map { (item: $0.root, count: $0.leafCount) })
    column = PossessionColumn(tree: sums, shards: shards)
    let provider = SigningKey(seed: .zero).accountID
    obligations = (1...bundles).map { number in
      ObligationRecord(
        provider: provider, bundle: BundleID(number: UInt64(number)), slot: 3,
        lease: LeaseID(number: 1), columnRoot: sums.root, leafCount: sums.total,
        byteCount: UInt64(segments * shardBytes), since: .genesis, sinceHeight: 1,
        end: LedgerTime(milliseconds: 1 << 40))
    }
    let list = try ObligationRecord.frozenTree(obligations, frozenHeight: 2)
    challenge = WalkChallenge(
      round: RoundID(number: 1), attempt: 1, provider: provider, seed: .zero,
      obligationRoot: list.root, leafCount: list.total, steps: 256)
  }

  func column(of bundle: BundleID) -> PossessionColumn { column }

  func leaf(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) -> [UInt8] { leafContent }

  func leafPath(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) -> [Digest] {
    tree.path(to: Int(leafIndex))
  }
}
