extension Fixed {
  /// Reads a decimal such as `12`, `-0.5`, `1e-9` or `1_000_000`; nil for anything else, and for
  /// what is not within ±10^21.
  package init?(decimal text: String) {
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
    var exponent = 0
    if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      guard let power = Int(rest[rest.index(after: mark)...]), (-40...40).contains(power) else {
        return nil
      }
      exponent = power
      rest = rest[..<mark]
    }
    let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, whole.first != "_" else { return nil }
    var digits: UInt128 = 0
    for character in whole where character != "_" {
      guard Self.append(character, to: &digits) else { return nil }
    }
    if parts.count == 2 {
      guard !parts[1].isEmpty else { return nil }
      for character in parts[1] {
        guard Self.append(character, to: &digits) else { return nil }
        exponent -= 1
      }
    }
    guard let magnitude = Self.scaled(digits, exponent) else { return nil }
    raw = isNegative ? -Int128(magnitude) : Int128(magnitude)
  }

  private static func append(_ character: Character, to digits: inout UInt128) -> Bool {
    guard let digit = character.wholeNumberValue, character.isASCII, digits < 1 << 120 else {
      return false
    }
    digits = digits * 10 + UInt128(digit)
    return true
  }

  /// `digits × 10^exponent × 2^48`, towards zero, or nil beyond 10^21.
  private static func scaled(_ digits: UInt128, _ exponent: Int) -> UInt128? {
    if digits == 0 { return 0 }
    var power: UInt128 = 1
    for _ in 0..<min(exponent.magnitude, 38) { power *= 10 }
    if exponent.magnitude > 38 { return exponent < 0 ? 0 : nil }
    if exponent >= 0 {
      let (value, overflow) = digits.multipliedReportingOverflow(by: power)
      return !overflow && value <= limit ? value << 48 : nil
    }
    let product = digits.multipliedFullWidth(by: 1 << 48)
    if product.high >= power { return nil }
    let value = power.dividingFullWidth(product).quotient
    return value >> 48 <= limit ? value : nil
  }

  private static let limit: UInt128 = 1_000_000_000_000_000_000_000

  /// The decimal with `decimals` digits behind the point, rounded half away from zero.
  package func text(decimals: Int) -> String {
    var power: UInt128 = 1
    for _ in 0..<decimals { power *= 10 }
    let product = raw.magnitude.multipliedFullWidth(by: power)
    // Both halves of the product, shifted by 48 with the rounding half added.
    let (low, carry) = product.low.addingReportingOverflow(1 << 47)
    let high = product.high + (carry ? 1 : 0)
    let scaled = (high << 80) | (low >> 48)
    let digits = String(scaled)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = raw < 0 && scaled != 0 ? "-" : ""
    if decimals == 0 { return sign + padded }
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// The decimal with all that matters of it: up to nine digits behind the point below a million,
  /// more for what is tiny, without trailing zeros. For files that machines read.
  package var exactText: String {
    let value = magnitude
    var decimals = 2
    if value < Fixed(1_000_000) { decimals = 6 }
    if value < Fixed(100) { decimals = 9 }
    if value < Fixed(1, over: 1000) { decimals = 14 }
    var result = text(decimals: decimals)
    while result.hasSuffix("0") { result.removeLast() }
    if result.hasSuffix(".") { result.removeLast() }
    return result == "-0" ? "0" : result
  }

  /// What people read: three significant digits with k, M, B and T.
  package var shortText: String {
    let value = magnitude
    let sign = raw < 0 ? "−" : ""
    let steps: [(Fixed, String)] = [
      (Fixed(1_000_000_000_000), " T"), (Fixed(1_000_000_000), " B"), (Fixed(1_000_000), " M"),
      (Fixed(10_000), " k"),
    ]
    for (size, mark) in steps where value >= size {
      let scale = mark == " k" ? Fixed(1000) : size
      return sign + (value / scale).significant(3) + mark
    }
    return sign + value.significant(3)
  }

  /// At least `count` significant digits of a value that is not negative.
  private func significant(_ count: Int) -> String {
    if raw == 0 { return "0" }
    var decimals = 0
    var bound = Fixed(1)
    for _ in 1..<count { bound = bound * Fixed(10) }
    var value = self
    while value < bound && decimals < 14 {
      value = value * Fixed(10)
      decimals += 1
    }
    var result = text(decimals: decimals)
    if result.contains(".") {
      while result.hasSuffix("0") { result.removeLast() }
      if result.hasSuffix(".") { result.removeLast() }
    }
    return result
  }
}
