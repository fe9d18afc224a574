import ArgumentParser
import ServiceKit

/// A part of a lease's escrow, as people type it.
enum BucketName: String, ExpressibleByArgument, CaseIterable {
  case stream, staging, repair, usage

  var bucket: EscrowBucket {
    switch self {
    case .stream: .stream
    case .staging: .staging
    case .repair: .repair
    case .usage: .usage
    }
  }
}
