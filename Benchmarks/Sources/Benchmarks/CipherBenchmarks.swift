import CSodium
import Cryptography
import Primitives

/// AES-256-GCM over 64 KiB records.
enum CipherBenchmarks {
  static func run() {
    let size = 65_536
    let key = SymmetricKeyBytes(.zero)
    let nonce = [UInt8](repeating: 0, count: 12)
    let context = [UInt8](repeating: 1, count: 16)
    let plain = [UInt8](repeating: 7, count: size)
    var sealed = [UInt8](repeating: 0, count: size + 16)
    let copy = Measurement {
      plain.withUnsafeBytes { source in
        sealed.withUnsafeMutableBytes { $0.copyMemory(from: source) }
      }
      keep(sealed.count)
    }
    copy.report("copy 64 KiB", bytes: size)
    let seal = Measurement {
      plain.withUnsafeBytes { source in
        sealed.withUnsafeMutableBytes {
          AuthenticatedCipher.seal(
            source, key: key, nonce: nonce, authenticating: context, into: $0)
        }
      }
    }
    seal.report("aes-256-gcm seal 64 KiB", bytes: size)
    var opened = [UInt8](repeating: 0, count: size)
    let open = Measurement {
      sealed.withUnsafeBytes { source in
        opened.withUnsafeMutableBytes { target in
          do {
            try AuthenticatedCipher.open(
              source, key: key, nonce: nonce, authenticating: context, into: target)
          } catch { print("not opened: \(error)") }
        }
      }
    }
    open.report("aes-256-gcm open 64 KiB", bytes: size)
    sodium(plain, &sealed)
  }

  private static func sodium(_ plain: [UInt8], _ sealed: inout [UInt8]) {
    guard sodium_init() >= 0, crypto_aead_aes256gcm_is_available() == 1 else { return }
    let nonce = [UInt8](repeating: 0, count: 12)
    let key = [UInt8](repeating: 0, count: 32)
    let bare = Measurement {
      _ = crypto_aead_aes256gcm_encrypt(
        &sealed, nil, plain, UInt64(plain.count), nonce, 12, nil, nonce, key)
    }
    bare.report("aes-256-gcm seal 64 KiB, libsodium bare", bytes: plain.count)
  }
}
