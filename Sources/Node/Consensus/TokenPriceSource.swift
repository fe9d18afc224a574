import Foundation
import Primitives

/// Where a validator learns what a token costs.
package protocol TokenPriceSource: Sendable {
  /// Credits (US dollars) for one whole token; nil when there is no price to report now.
  func price() async -> Credits?
}

/// A price that never changes: for devnets, where no market makes one.
package struct FixedTokenPrice: TokenPriceSource {
  private let credits: Credits

  package init(_ credits: Credits) { self.credits = credits }

  package func price() async -> Credits? { credits }
}

/// A file with a decimal number, which some other program of the operator keeps current. It is read
/// for each vote, so it is kept small and local; a file older than the limit reports nothing.
package struct TokenPriceFile: TokenPriceSource {
  /// The most bytes that are read.
  package static let byteLimit = 256

  private let path: String
  private let maximumAgeSeconds: Double

  /// - Parameter maximumAgeSeconds: how long ago the file may have been written.
  package init(path: String, maximumAgeSeconds: Double = 3_600) {
    self.path = path
    self.maximumAgeSeconds = maximumAgeSeconds
  }

  package func price() async -> Credits? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let written = attributes[.modificationDate] as? Date,
      Date().timeIntervalSince(written) <= maximumAgeSeconds,
      let handle = FileHandle(forReadingAtPath: path)
    else { return nil }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: Self.byteLimit),
      let text = String(data: data, encoding: .utf8)
    else { return nil }
    return Self.parse(text)
  }

  /// Reads a decimal such as `1.25`, white space around it allowed; nil for anything else and for
  /// 0.
  package static func parse(_ text: String) -> Credits? {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let price = Credits(decimal: trimmed), price > .zero else { return nil }
    return price
  }
}
