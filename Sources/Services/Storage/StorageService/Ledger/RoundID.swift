import Primitives
import ServiceKit

/// A proof round: the challenges of one window.
package struct RoundID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}

/// A demand, on the ledger, for bytes that a provider signed for.
package struct RetrievalID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}
