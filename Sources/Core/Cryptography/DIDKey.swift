import Primitives

extension AccountID {
  /// The multicodec of an Ed25519 public key, as a varint.
  private static let multicodec: [UInt8] = [0xED, 0x01]
  private static let scheme = "did:key:z"

  /// The account as people see it: `did:key:z6Mk…`, multibase base58btc over multicodec
  /// ed25519-pub.
  package var didKey: String { Self.scheme + Base58.encode(Self.multicodec + bytes) }

  /// Reads a did:key of an Ed25519 key; nil for anything else, other kinds of key included.
  package init?(didKey text: String) {
    // 34 bytes take 48 characters at most: a longer text is refused before the quadratic decoding.
    guard text.hasPrefix(Self.scheme), text.utf8.count <= Self.scheme.utf8.count + 48,
      let decoded = Base58.decode(text.dropFirst(Self.scheme.count)),
      decoded.starts(with: Self.multicodec)
    else { return nil }
    self.init(bytes: decoded.dropFirst(Self.multicodec.count))
  }
}
