import ErasureCoding

/// Reed–Solomon over a stripe, in bytes of data.
enum ErasureBenchmarks {
  static func run() throws {
    for (k, n, chunk) in [
      (6, 12, 1 << 20), (6, 12, 64 << 10), (2, 4, 64 << 10), (64, 160, 64 << 10),
    ] {
      let code = try ReedSolomon(dataShards: k, totalShards: n)
      let stripe = [UInt8](repeating: 7, count: k * chunk)
      var parity = [UInt8](repeating: 0, count: (n - k) * chunk)
      let encode = Measurement {
        stripe.withUnsafeBytes { data in
          parity.withUnsafeMutableBytes { target in
            do {
              try code.encode(
                stripe: data, chunkBytes: chunk,
                parity: (0..<n - k).map {
                  .init(rebasing: target[$0 * chunk..<($0 + 1) * chunk])
                })
            } catch { print("not encoded: \(error)") }
          }
        }
      }
      encode.report("rs(\(k),\(n)) encode, chunks of \(chunk >> 10) KiB", bytes: stripe.count)
      let plan = try code.reconstruction(from: Array(n - k..<n), wanted: [0])
      let rebuild = Measurement {
        stripe.withUnsafeBytes { data in
          parity.withUnsafeMutableBytes { target in
            do {
              try plan.apply(
                (0..<k).map { .init(rebasing: data[$0 * chunk..<($0 + 1) * chunk]) },
                into: [.init(rebasing: target[..<chunk])])
            } catch { print("not rebuilt: \(error)") }
          }
        }
      }
      rebuild.report("rs(\(k),\(n)) rebuild one chunk of \(chunk >> 10) KiB", bytes: chunk)
    }
  }
}
