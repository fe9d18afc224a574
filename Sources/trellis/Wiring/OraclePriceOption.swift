import Consensus
import Primitives

/// What `--oracle-price` means.
enum OraclePriceOption {
  /// A decimal is a price that never changes, anything else a file's path.
  static func source(_ text: String) -> any TokenPriceSource {
    if let price = TokenPriceFile.parse(text) { return FixedTokenPrice(price) }
    return TokenPriceFile(path: text)
  }
}
