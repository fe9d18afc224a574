import Dispatch
import Foundation
import Locks
import Synchronization

/// Work on all cores at once. Two virtual cores may share one real one, so what both do together
/// is measured together.
enum Processors {
  /// How many there are.
  static var count: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

  /// Runs `body` for every index, in small portions on all cores; returns the seconds it took.
  static func forEach(_ indices: Range<Int>, _ body: @Sendable (Int) -> Void) -> Double {
    let next = Atomic<Int>(indices.lowerBound)
    return Stopwatch.seconds {
      DispatchQueue.concurrentPerform(iterations: count) { _ in
        while true {
          let start = next.add(16, ordering: .relaxed).oldValue
          if start >= indices.upperBound { return }
          for index in start..<min(start + 16, indices.upperBound) { body(index) }
        }
      }
    }
  }

  /// Bytes a second of all cores together, each repeating an operation over `bytes` with memory of
  /// its own; the median of `rounds` of at least `seconds`. Seconds are of the thread's own
  /// processor time, so that other work on the machine costs no accuracy but what it does to caches.
  static func bytesPerSecond(
    _ bytes: Int, rounds: Int, seconds: Double, _ makeOperation: @Sendable () -> () -> Void
  ) -> Double {
    let rates = (0..<rounds).map { _ in
      let rate = Locked(0.0)
      DispatchQueue.concurrentPerform(iterations: count) { _ in
        let operation = makeOperation()
        operation()
        var done = 0
        let start = threadSeconds
        while threadSeconds - start < seconds {
          operation()
          done += bytes
        }
        let own = Double(done) / (threadSeconds - start)
        rate.withLock { $0 += own }
      }
      return rate.withLock { $0 }
    }
    return rates.median
  }

  /// Seconds that all threads of this process have run: other work on the machine counts not.
  static var processSeconds: Double { seconds(of: CLOCK_PROCESS_CPUTIME_ID) }

  /// Seconds that the calling thread has run.
  static var threadSeconds: Double { seconds(of: CLOCK_THREAD_CPUTIME_ID) }

  private static func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// Time since it was made.
struct Stopwatch {
  private let started = ContinuousClock.now

  var seconds: Double {
    let (whole, atto) = (ContinuousClock.now - started).components
    return Double(whole) + Double(atto) * 1e-18
  }

  /// What `body` takes.
  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let watch = Stopwatch()
    try body()
    return watch.seconds
  }
}

extension [Double] {
  /// The middle one; the mean of the two middle ones of an even number.
  var median: Double {
    if isEmpty { return .nan }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}
