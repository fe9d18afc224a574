/// Prometheus' text format, version 0.0.4.
enum PrometheusText {
  /// A metric name of `[a-zA-Z_:][a-zA-Z0-9_:]*`; other characters become `_`.
  static func name(_ text: String) -> String { sanitised(text, allowing: ":") }

  /// A label name of `[a-zA-Z_][a-zA-Z0-9_]*`; other characters become `_`.
  static func labelName(_ text: String) -> String { sanitised(text, allowing: "_") }

  private static func sanitised(_ text: String, allowing extra: Character) -> String {
    var result = ""
    for character in text {
      let isFine =
        character.isASCII
        && (character.isLetter || character.isNumber || character == "_" || character == extra)
      result.append(isFine ? character : "_")
    }
    if result.first?.isNumber ?? true { result = "_" + result }
    return result
  }

  /// Backslash and line feed escaped.
  static func escapeHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  /// Backslash, line feed and double quote escaped.
  static func escapeLabel(_ text: String) -> String {
    escapeHelp(text).replacing("\"", with: "\\\"")
  }

  /// A number as Prometheus reads it.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 9_007_199_254_740_992 {
      return String(Int64(value))
    }
    return "\(value)"
  }

  /// A series' lines.
  static func append(
    _ sample: MetricCell.Sample, name: String, labels: SeriesLabels, to text: inout String
  ) {
    guard case .histogram(let bounds) = sample.kind else {
      text += "\(name)\(braces(labels)) \(number(sample.value))\n"
      return
    }
    var cumulative: UInt64 = 0
    for (bound, count) in zip(bounds.values, sample.buckets) {
      cumulative += count
      text += "\(name)_bucket\(braces(labels, bound: number(bound))) \(cumulative)\n"
    }
    text += "\(name)_bucket\(braces(labels, bound: "+Inf")) \(sample.count)\n"
    text += "\(name)_sum\(braces(labels)) \(number(sample.value))\n"
    text += "\(name)_count\(braces(labels)) \(sample.count)\n"
  }

  private static func braces(_ labels: SeriesLabels, bound: String? = nil) -> String {
    var parts = labels.pairs.map { "\($0.name)=\"\(escapeLabel($0.value))\"" }
    if let bound { parts.append("le=\"\(bound)\"") }
    return parts.isEmpty ? "" : "{\(parts.joined(separator: ","))}"
  }
}
