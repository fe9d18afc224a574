import Primitives

/// A 32-byte secret key for AES-256-GCM. Never printed.
package struct SymmetricKeyBytes: Sendable, CustomStringConvertible, CustomReflectable {
  /// The secret itself: for wrapping it, never for logs.
  package let value: Bytes32

  package init(_ value: Bytes32) { self.value = value }

  /// Says what it is, not its value.
  package var description: String { "SymmetricKeyBytes(secret)" }
  /// Keeps the value out of dumps.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
