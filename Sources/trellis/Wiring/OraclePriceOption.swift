import Consensus
import Logging
import Primitives

/// What `--oracle-price` means.
enum OraclePriceOption {
  /// A decimal is a price that never changes, an address is asked, anything else is a file's path.
  static func source(_ text: String, logger: Logger) -> any TokenPriceSource {
    if let price = TokenPriceFile.parse(text) { return FixedTokenPrice(price) }
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      return TokenPriceFeed(url: text, logger: logger)
    }
    return TokenPriceFile(path: text)
  }
}
