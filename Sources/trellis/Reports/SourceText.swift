import Ledger
import ServiceKit

/// What a payout line is for, in words.
enum SourceText {
  /// A short name.
  static func name(_ source: EarningSource) -> String {
    switch source {
    case .metered(.storedByteMilliseconds): "storage"
    case .metered(.egressBytes): "egress"
    case .metered(.stagedByteMilliseconds): "staging"
    case .metered(.repairBytes): "repair"
    case .metered(.machineMilliseconds): "machine"
    case .metered(.requests): "requests"
    case .fixed(let bucket): "\(bucket)"
    case .voucher: "egress (vouchers)"
    case .zero: "nothing"
    case .policy(let kind): "\(kind)"
    }
  }

  /// The unit of the line's quantity.
  static func unit(_ source: EarningSource) -> String {
    switch source {
    case .metered(.storedByteMilliseconds), .metered(.stagedByteMilliseconds):
      "byte milliseconds"
    case .metered(.egressBytes), .metered(.repairBytes): "bytes"
    case .metered(.machineMilliseconds): "milliseconds"
    case .metered(.requests): "requests"
    case .fixed, .voucher, .zero, .policy: ""
    }
  }

  /// What a price is per.
  static func priceUnit(_ source: EarningSource) -> String {
    switch source {
    case .metered(.storedByteMilliseconds), .metered(.stagedByteMilliseconds): "GiB and hour"
    case .metered(.egressBytes), .metered(.repairBytes): "GiB"
    case .metered(.machineMilliseconds): "hour"
    case .metered(.requests): "million requests"
    case .fixed, .voucher, .zero, .policy: ""
    }
  }
}
