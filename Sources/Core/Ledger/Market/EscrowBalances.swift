import Primitives
import ServiceKit

/// Credits in the four disjoint buckets of an escrow.
package struct EscrowBalances: Hashable, Sendable, CanonicalCodable {
  package var stream: Credits
  package var staging: Credits
  package var repair: Credits
  package var usage: Credits

  package init(
    stream: Credits = .zero, staging: Credits = .zero, repair: Credits = .zero,
    usage: Credits = .zero
  ) {
    self.stream = stream
    self.staging = staging
    self.repair = repair
    self.usage = usage
  }

  /// The credits of one bucket.
  package subscript(bucket: EscrowBucket) -> Credits {
    get {
      switch bucket {
      case .stream: stream
      case .staging: staging
      case .repair: repair
      case .usage: usage
      }
    }
    set {
      switch bucket {
      case .stream: stream = newValue
      case .staging: staging = newValue
      case .repair: repair = newValue
      case .usage: usage = newValue
      }
    }
  }

  /// The sum of the four.
  /// - Throws: ``ArithmeticError/overflow``.
  package func total() throws(ArithmeticError) -> Credits {
    try stream.adding(staging).adding(repair).adding(usage)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(stream)
    encoder.encode(staging)
    encoder.encode(repair)
    encoder.encode(usage)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    stream = try decoder.decode()
    staging = try decoder.decode()
    repair = try decoder.decode()
    usage = try decoder.decode()
  }
}
