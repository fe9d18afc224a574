import CSodium
import Cryptography
import Primitives

/// Ed25519 and the VRF, against libsodium called bare.
enum SignatureBenchmarks {
  static func run() {
    let key = SigningKey(seed: .zero)
    let message = [UInt8](repeating: 1, count: 32)
    let signature = key.sign(message)
    let signatureBytes = signature.bytes
    let publicKey = key.accountID.bytes
    let bare = Measurement {
      keep(crypto_sign_verify_detached(signatureBytes, message, 32, publicKey))
    }
    bare.report("ed25519 verify, libsodium bare")
    let verify = Measurement { keep(key.accountID.verifies(signature, of: message)) }
    verify.report("ed25519 verify", floor: ("bare", bare))
    let domain = Measurement {
      keep(key.accountID.verifies(signature, domain: "transaction", of: message))
    }
    domain.report("ed25519 verify, with domain", floor: ("bare", bare))
    let sign = Measurement { keep(key.sign(message)) }
    sign.report("ed25519 sign")
    let random = VerifiableRandomKey(seed: .zero)
    let proof = random.prove(message)
    let prove = Measurement { keep(random.prove(message)) }
    prove.report("vrf prove")
    let check = Measurement { keep(proof.output(publicKey: random.publicKey, alpha: message)) }
    check.report("vrf verify", floor: ("ed25519 verify", bare))
  }
}
