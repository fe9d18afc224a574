import Primitives
import ProviderAgent
import StorageService

/// The limits that the provider's owner set, as the storage service asks for them. Every refusal
/// names the limit.
package protocol StorageLimiting: Sendable {
  /// Before bytes of a chunk are taken in, with `stored` on the disk already.
  /// - Throws: ``StorageRefusal``.
  func admit(inbound bytes: Int, stored: UInt64) throws
  /// Before bytes are sent to a customer. - Throws: ``StorageRefusal``.
  func admit(outbound bytes: Int) throws
  /// Counts bytes that had to flow whatever the limits say: those of repairs.
  func countRepair(sent: Int, received: Int)
}

/// No limit.
package struct NoLimits: StorageLimiting {
  package init() {}
  package func admit(inbound bytes: Int, stored: UInt64) throws {}
  package func admit(outbound bytes: Int) throws {}
  package func countRepair(sent: Int, received: Int) {}
}

extension LimitGuard: StorageLimiting {
  package func admit(inbound bytes: Int, stored: UInt64) throws {
    try refusing { try admitStore(bytes: UInt64(bytes), stored: stored) }
  }

  package func admit(outbound bytes: Int) throws {
    try refusing { try admitSend(bytes: UInt64(bytes)) }
  }

  package func countRepair(sent: Int, received: Int) {
    // A count that cannot be kept must not stop a repair.
    try? countRegardless(sent: UInt64(sent), received: UInt64(received))
  }

  private func refusing(_ body: () throws -> Void) throws {
    do { try body() } catch let refusal as LimitRefusal {
      throw StorageRefusal(
        Self.code(refusal.limit), refusal.text, number: refusal.liftsAtUnixMilliseconds ?? 0)
    }
  }

  private static func code(_ limit: LimitRefusal.Limit) -> StorageRefusal.Code {
    switch limit {
    case .disk: .diskQuota
    case .monthlyTransfer: .transferCap
    case .hours: .hours
    case .rate: .rate
    }
  }
}
