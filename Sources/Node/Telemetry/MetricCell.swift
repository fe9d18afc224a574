import Locks
import Metrics

/// One series' numbers: the handler behind every kind of swift-metrics object.
final class MetricCell: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler,
  TimerHandler
{
  /// The numbers at one moment.
  struct Sample: Sendable {
    let kind: MetricKind
    var value: Double = 0
    var count: UInt64 = 0
    var buckets: [UInt64]
  }

  private let numbers: Locked<Sample>
  private let bounds: [Double]

  init(_ kind: MetricKind) {
    bounds = if case .histogram(let bounds) = kind { bounds.values } else { [] }
    numbers = Locked(Sample(kind: kind, buckets: Array(repeating: 0, count: bounds.count)))
  }

  /// The numbers now.
  func sample() -> Sample { numbers.withLock { $0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { numbers.withLock { $0.value += amount } }
  func decrement(by amount: Double) { numbers.withLock { $0.value -= amount } }
  func reset() { numbers.withLock { $0.value = 0 } }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { numbers.withLock { $0.value = value } }

  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    numbers.withLock { sample in
      guard case .histogram = sample.kind else {
        sample.value = value
        return
      }
      sample.value += value
      sample.count += 1
      if let index = bounds.firstIndex(where: { value <= $0 }) { sample.buckets[index] += 1 }
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
