import Primitives

/// Why a transaction was refused. The code is part of consensus; the detail is for people and logs.
package struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
  /// The stable number of the reason.
  package let code: RejectionCode
  /// What was wrong, with which value, and what to do.
  package let detail: String

  package init(_ code: RejectionCode, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  package var description: String { "\(code.name) (\(code.number)): \(detail)" }
}

/// A stable reason of refusal. The ledger's own are below 1000; service `s` has
/// 1000 × (s + 1) … 1000 × (s + 1) + 999.
package struct RejectionCode: Hashable, Sendable {
  /// The number that clients see; never reused.
  package let number: UInt32
  /// A short name in kebab case, such as `insufficient-balance`.
  package let name: String

  package init(_ number: UInt32, _ name: String) {
    self.number = number
    self.name = name
  }

  /// Arithmetic on the transaction's numbers does not fit.
  package static let arithmetic = RejectionCode(1, "arithmetic")
  /// Bytes that are not the canonical encoding of what they claim to be.
  package static let malformed = RejectionCode(2, "malformed")
}

extension Rejection {
  /// Arithmetic on a transaction's numbers failed.
  package init(_ error: ArithmeticError) {
    self.init(.arithmetic, "the numbers do not fit: \(error)")
  }

  /// A payload's bytes are not canonical.
  package init(_ error: CodecError) {
    self.init(.malformed, "the payload is not canonical: \(error)")
  }
}
