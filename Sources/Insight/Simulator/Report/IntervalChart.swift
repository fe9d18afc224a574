/// Intervals beside each other as SVG: from the 10th to the 90th percentile, with the median.
struct IntervalChart {
  /// One interval.
  struct Row {
    let name: String
    /// The style's colour: `a`, `b` or `c`.
    let color: String
    let low: Fixed
    let middle: Fixed
    let high: Fixed
  }

  /// Rows that belong together, under one name.
  struct Group {
    let name: String
    let rows: [Row]
  }

  let groups: [Group]
  let prefix: String
  let label: String
  private let width = 460
  private let left = 12
  private let rowHeight = 15

  init(groups: [Group], prefix: String, label: String) {
    self.groups = groups
    self.prefix = prefix
    self.label = label
  }

  /// The chart.
  var svg: String {
    let heights = groups.map { 30 + $0.rows.count * rowHeight }
    let height = heights.reduce(0, +) + 8
    var y = 0
    var body = ""
    for (group, size) in zip(groups, heights) {
      body += draw(group, from: y)
      y += size
    }
    return """
      <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(HTMLText.escaped(label))">\
      \(body)</svg>
      """
  }

  /// Each group has a scale of its own: a rack's income would leave nothing to see of a laptop's.
  private func draw(_ group: Group, from top: Int) -> String {
    let axis = ChartAxis(
      group.rows.flatMap { [$0.low, $0.high] } + [.zero], isLogarithmic: false)
    let span = (width - left - 150) * 10
    func x(_ value: Fixed) -> String {
      let place = left * 10 + axis.place(value, of: span)
      return "\(place / 10).\(place % 10)"
    }
    var text = "<text class=\"name\" x=\"\(left)\" y=\"\(top + 18)\">"
    text += HTMLText.escaped(group.name) + "</text>"
    let bottom = top + 26 + group.rows.count * rowHeight
    text += "<line class=\"zero\" x1=\"\(x(.zero))\" x2=\"\(x(.zero))\" "
    text += "y1=\"\(top + 24)\" y2=\"\(bottom)\"/>"
    for (index, row) in group.rows.enumerated() {
      let y = top + 33 + index * rowHeight
      text += "<line class=\"interval \(row.color)\" x1=\"\(x(row.low))\" x2=\"\(x(row.high))\" "
      text += "y1=\"\(y)\" y2=\"\(y)\"/>"
      text += "<circle class=\"dot \(row.color)\" cx=\"\(x(row.middle))\" cy=\"\(y)\" r=\"4\"/>"
      text += "<text class=\"mark\" x=\"\(width - 4)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">"
      text += HTMLText.escaped("\(row.name) \(Money.signed(row.middle, prefix))") + "</text>"
    }
    return text
  }
}

/// Money in reports.
enum Money {
  /// `−$1.5`: the sign before the currency.
  static func signed(_ value: Fixed, _ prefix: String) -> String {
    let text = value.shortText
    return text.hasPrefix("−") ? "−" + prefix + text.dropFirst() : prefix + text
  }

  /// Dollars.
  static func dollars(_ value: Fixed) -> String { signed(value, "$") }
}
