import Primitives
import ServiceKit

extension ServiceContext {
  /// A parameter's value; all of them fit 64 bits by their bounds.
  func storage(_ parameter: StorageParameter) -> UInt64 {
    UInt64(clamping: self.parameter(parameter.rawValue))
  }
}
