import CISAL
import Crypto
import Cryptography
import ErasureCoding
import Primitives

/// The passes over an object's bytes that no gateway or provider can leave out, each alone in a
/// tight loop on all cores: what `S3/bench_s3.py` divides by. A line a pass: name, bytes a
/// second of processor time, all cores together. `rounds=1 milliseconds=150` makes it short.
struct FloorBenchmarks {
  private let rounds: Int
  private let seconds: Double

  /// The code of twelve providers.
  private static let (dataShards, totalShards) = (6, 12)
  private static let record = 65_536
  private static let part = 1 << 20
  private static let chunk = 256 << 10

  static func run(_ settings: BenchmarkSettings) throws {
    try FloorBenchmarks(
      rounds: settings.size("rounds", 5), seconds: Double(settings.size("milliseconds", 300)) / 1e3
    ).all()
  }

  private func all() throws {
    report("md5", Self.part) { Self.hashing(Insecure.MD5.self) }
    report("sha-256", Self.part) { Self.hashing(SHA256.self) }
    report("crc-32", Self.part) {
      let bytes = [UInt8](repeating: 7, count: Self.part)
      return { keep(crc32_gzip_refl(0, bytes, UInt64(bytes.count))) }
    }
    report("seal", Self.record) { Self.sealing() }
    report("open", Self.record) { Self.opening() }
    let code = try ReedSolomon(dataShards: Self.dataShards, totalShards: Self.totalShards)
    report("encode", Self.dataShards * Self.chunk) { Self.encoding(code) }
    let plan = try code.reconstruction(
      from: Array(Self.totalShards - Self.dataShards..<Self.totalShards),
      wanted: Array(0..<Self.dataShards / 2))
    report("rebuild", Self.dataShards / 2 * Self.chunk) { Self.rebuilding(plan) }
    report("leaf-tree", Self.part) {
      let shard = [UInt8](repeating: 7, count: Self.part)
      return {
        var tree = ShardTree(leafBytes: 1024)
        tree.append(shard)
        keep(tree.root)
      }
    }
  }

  private func report(
    _ name: String, _ bytes: Int, _ makeOperation: @Sendable () -> () -> Void
  ) {
    let rate = Processors.bytesPerSecond(bytes, rounds: rounds, seconds: seconds, makeOperation)
    print("floor", name, Int(rate))
  }

  private static func hashing<H: HashFunction>(_ type: H.Type) -> () -> Void {
    let bytes = [UInt8](repeating: 7, count: part)
    return {
      var hasher = H()
      hasher.update(data: bytes)
      keep(hasher.finalize())
    }
  }

  private static let key = SymmetricKeyBytes(.zero)
  private static let nonce = [UInt8](repeating: 0, count: 12)

  private static func sealing() -> () -> Void {
    let plain = [UInt8](repeating: 7, count: record)
    var sealed = [UInt8](repeating: 0, count: record + 16)
    return {
      plain.withUnsafeBytes { source in
        sealed.withUnsafeMutableBytes {
          AuthenticatedCipher.seal(source, key: key, nonce: nonce, authenticating: [], into: $0)
        }
      }
    }
  }

  private static func opening() -> () -> Void {
    let sealed = AuthenticatedCipher.seal(
      [UInt8](repeating: 7, count: record), key: key, nonce: nonce, authenticating: [])
    var plain = [UInt8](repeating: 0, count: record)
    return {
      sealed.withUnsafeBytes { source in
        plain.withUnsafeMutableBytes { target in
          do {
            try AuthenticatedCipher.open(
              source, key: key, nonce: nonce, authenticating: [], into: target)
          } catch { print("not opened: \(error)") }
        }
      }
    }
  }

  private static func encoding(_ code: ReedSolomon) -> () -> Void {
    let stripe = [UInt8](repeating: 7, count: dataShards * chunk)
    var parity = [UInt8](repeating: 0, count: (totalShards - dataShards) * chunk)
    return {
      stripe.withUnsafeBytes { data in
        parity.withUnsafeMutableBytes { target in
          do {
            try code.encode(
              stripe: data, chunkBytes: chunk,
              parity: (0..<totalShards - dataShards).map {
                .init(rebasing: target[$0 * chunk..<($0 + 1) * chunk])
              })
          } catch { print("not encoded: \(error)") }
        }
      }
    }
  }

  private static func rebuilding(_ plan: Reconstruction) -> () -> Void {
    let chunks = [UInt8](repeating: 7, count: dataShards * chunk)
    var rebuilt = [UInt8](repeating: 0, count: dataShards / 2 * chunk)
    return {
      chunks.withUnsafeBytes { data in
        rebuilt.withUnsafeMutableBytes { target in
          do {
            try plan.apply(
              (0..<dataShards).map { .init(rebasing: data[$0 * chunk..<($0 + 1) * chunk]) },
              into: (0..<dataShards / 2).map {
                .init(rebasing: target[$0 * chunk..<($0 + 1) * chunk])
              })
          } catch { print("not rebuilt: \(error)") }
        }
      }
    }
  }
}
