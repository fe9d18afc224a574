import Foundation

/// What this process has of the machine's memory.
enum MemoryUse {
  /// Mebibytes that are resident now.
  static var resident: Double { mebibytes("VmRSS") }
  /// The most mebibytes that were resident since the process began or ``forgetPeak()``.
  static var peak: Double { mebibytes("VmHWM") }

  /// Begins a new peak.
  static func forgetPeak() {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  }

  private static func mebibytes(_ field: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") where line.hasPrefix(field + ":") {
      let digits = line.filter(\.isNumber)
      return (Double(digits) ?? .nan) / 1024
    }
    return .nan
  }
}
