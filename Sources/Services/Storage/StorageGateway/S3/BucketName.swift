/// Which names a bucket may have.
enum BucketName {
  /// 3 to 63 lower-case letters, digits, hyphens and dots; no dot beside a dot or a hyphen, a
  /// letter or digit at both ends, and no IPv4 address.
  static func isValid(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last,
      isAlphanumeric(first), isAlphanumeric(last)
    else { return false }
    for (one, next) in zip(bytes, bytes.dropFirst())
    where one == UInt8(ascii: ".") && !isAlphanumeric(next)
      || next == UInt8(ascii: ".") && !isAlphanumeric(one)
    {
      return false
    }
    guard
      bytes.allSatisfy({
        isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
      })
    else { return false }
    let labels = name.split(separator: ".")
    return !(labels.count == 4 && labels.allSatisfy { UInt8($0) != nil })
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...122).contains(byte)
  }
}
