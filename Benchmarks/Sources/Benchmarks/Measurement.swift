/// One thing measured: the best of several batches, since everything that disturbs only adds.
struct Measurement {
  /// Seconds that one operation takes.
  let seconds: Double

  /// Runs `operation` in batches of at least `batchSeconds`, `batches` times.
  init(batchSeconds: Double = 0.1, batches: Int = 5, _ operation: () -> Void) {
    let clock = ContinuousClock()
    var count = 1
    var best = Double.infinity
    operation()
    while true {
      let took = Self.seconds(clock.measure { for _ in 0..<count { operation() } })
      if took >= batchSeconds {
        best = took / Double(count)
        break
      }
      count = max(count * 2, Int(Double(count) * batchSeconds / max(took, 1e-9)))
    }
    for _ in 1..<batches {
      let took = Self.seconds(clock.measure { for _ in 0..<count { operation() } })
      best = min(best, took / Double(count))
    }
    seconds = best
  }

  private static func seconds(_ duration: Duration) -> Double {
    let (whole, atto) = duration.components
    return Double(whole) + Double(atto) * 1e-18
  }

  /// Operations in a second.
  var rate: Double { 1 / seconds }

  /// Prints the time, the rate in bytes when `bytes` are handled by one operation, and the speed as
  /// a ratio to `floor`.
  func report(_ name: String, bytes: Int? = nil, floor: (name: String, value: Measurement)? = nil) {
    var line = name.padded(to: 44) + Self.time(seconds).padded(to: 12)
    if let bytes {
      line += (Self.rounded(Double(bytes) / seconds / 1e9, 2) + " GB/s").padded(to: 14)
    } else {
      line += (Self.rounded(rate, 0) + "/s").padded(to: 14)
    }
    if let floor {
      line += Self.rounded(floor.value.seconds / seconds, 2) + " of " + floor.name
    }
    print(line)
  }

  /// Prints the time and the rate, and the rate as a ratio to a goal.
  func report(_ name: String, against goal: Double) {
    print(
      name.padded(to: 44) + Self.time(seconds).padded(to: 12)
        + (Self.rounded(rate, 0) + "/s").padded(to: 14) + Self.rounded(rate / goal, 2)
        + " of the goal, \(Int(goal))/s")
  }

  static func time(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-6: rounded(seconds * 1e9, 1) + " ns"
    case ..<1e-3: rounded(seconds * 1e6, 2) + " µs"
    default: rounded(seconds * 1e3, 2) + " ms"
    }
  }

  static func rounded(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * scale).rounded())
    if digits == 0 { return String(scaled) }
    let fraction = String(scaled % Int(scale))
    return String(scaled / Int(scale)) + "."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

extension String {
  /// The text with spaces behind it up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}

/// Keeps a value from being computed away.
@inline(never) func keep<T>(_ value: T) { withExtendedLifetime(value) {} }
