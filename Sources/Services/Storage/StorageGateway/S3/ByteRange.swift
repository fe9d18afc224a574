/// The `Range` header.
enum ByteRange: Hashable, Sendable {
  /// No header, or one that S3 does not read: the whole object.
  case whole
  case some(Range<UInt64>)
  /// The object does not reach so far.
  case unsatisfiable

  /// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` for an object of that length. As in S3, anything
  /// else, several ranges among them, asks for the whole object.
  init(_ header: String?, length: UInt64) {
    self = .whole
    guard let header, header.lowercased().hasPrefix("bytes=") else { return }
    let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { return }
    let first = UInt64(parts[0])
    let last = UInt64(parts[1])
    switch (parts[0].isEmpty, parts[1].isEmpty) {
    case (true, true): return
    case (true, false):
      let count = min(last ?? .max, length)
      self = count == 0 ? .unsatisfiable : .some(length - count..<length)
    case (false, let isOpen):
      guard let first else {
        self = .unsatisfiable
        return
      }
      let end = isOpen ? length : min((last ?? .max).addingClamped(1), length)
      if let last, last < first { return }
      self = first >= length ? .unsatisfiable : .some(first..<end)
    }
  }
}

extension UInt64 {
  fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
