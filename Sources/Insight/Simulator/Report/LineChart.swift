/// A chart of values over time as SVG: lines, each with a band around it.
///
/// Coordinates are whole numbers of tenths of a pixel; colours come from the page's style, so that
/// one chart is right in the light and in the dark.
struct LineChart {
  /// One line with its band.
  struct Series {
    /// What the legend calls it.
    let name: String
    /// The style's colour: `a`, `b` or `c`.
    let color: String
    /// By point of time: the lower end of the band, the line, the upper end.
    let points: [(low: Fixed, middle: Fixed, high: Fixed)]

    /// The 10th, 50th and 90th percentile of sketches.
    init(_ name: String, color: String, _ sketches: [QuantileSketch]) {
      self.name = name
      self.color = color
      points = sketches.map { sketch in
        (
          sketch.quantile(perMille: 100) ?? .zero, sketch.median ?? .zero,
          sketch.quantile(perMille: 900) ?? .zero
        )
      }
    }

    /// All values that the chart must show.
    var values: [Fixed] { points.flatMap { [$0.low, $0.middle, $0.high] } }
  }

  let series: [Series]
  let axis: ChartAxis
  /// Days since 1 January 1970 of the points of time.
  let days: [Int]
  var width = 460
  var height = 250
  /// What is written before and after each mark.
  var prefix = ""
  var isPercent = false
  let label: String

  private static let left = 62
  private static let right = 12
  private static let top = 12
  private static let bottom = 26

  /// The chart.
  var svg: String {
    let summary = HTMLText.escaped(label)
    return """
      <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">\
      \(grid)\(timeMarks)\(series.map(band).joined())\(series.map(line).joined())</svg>
      """
  }

  private var plotWidth: Int { (width - Self.left - Self.right) * 10 }
  private var plotHeight: Int { (height - Self.top - Self.bottom) * 10 }

  private func x(_ index: Int) -> Int {
    let span = max(1, (days.last ?? 1) - (days.first ?? 0))
    return Self.left * 10 + plotWidth * (days[index] - days[0]) / span
  }

  private func y(_ value: Fixed) -> Int {
    Self.top * 10 + plotHeight - axis.place(value, of: plotHeight)
  }

  private static func tenths(_ value: Int) -> String { "\(value / 10).\(value % 10)" }

  private func point(_ index: Int, _ value: Fixed) -> String {
    "\(Self.tenths(x(index))),\(Self.tenths(y(value)))"
  }

  private func band(_ series: Series) -> String {
    let upper = series.points.indices.map { point($0, series.points[$0].high) }
    let lower = series.points.indices.reversed().map { point($0, series.points[$0].low) }
    let points = (upper + lower).joined(separator: " ")
    return "<polygon class=\"band \(series.color)\" points=\"\(points)\"/>"
  }

  private func line(_ series: Series) -> String {
    let points = series.points.indices.map { point($0, series.points[$0].middle) }
    return "<polyline class=\"line \(series.color)\" points=\"\(points.joined(separator: " "))\"/>"
  }

  private var grid: String {
    axis.marks.map { mark in
      let height = Self.tenths(y(mark))
      let text = isPercent ? "\((mark * Fixed(100)).shortText) %" : prefix + mark.shortText
      return "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(width - Self.right)\" "
        + "y1=\"\(height)\" y2=\"\(height)\"/><text class=\"mark\" x=\"\(Self.left - 7)\" "
        + "y=\"\(height)\" dy=\"4\" text-anchor=\"end\">\(text)</text>"
    }.joined()
  }

  /// The first of January of years, or the ends where there is no such day between them.
  private var timeMarks: String {
    guard let first = days.first, let last = days.last, last > first else { return "" }
    var marks = (1970...2250).compactMap { year -> (Int, String)? in
      guard let day = CalendarDay("\(year)-01-01")?.daysSince1970, day > first, day < last else {
        return nil
      }
      return (day, String(year))
    }
    let stride = max(1, (marks.count + width / 70 - 1) / (width / 70))
    marks = marks.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    if marks.count < 2 {
      marks = [
        (first, CalendarDay(daysSince1970: first).description),
        (last, CalendarDay(daysSince1970: last).description),
      ]
    }
    return marks.map { day, text in
      let place = Self.tenths(Self.left * 10 + plotWidth * (day - first) / (last - first))
      let anchor = day == first ? "start" : (day == last ? "end" : "middle")
      return "<text class=\"mark\" x=\"\(place)\" y=\"\(height - 6)\" "
        + "text-anchor=\"\(anchor)\">\(text)</text>"
    }.joined()
  }
}

/// Text within HTML.
enum HTMLText {
  /// The text with the five characters replaced that mean something in HTML.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }
}
