import ArgumentParser
import Simulator

/// A decimal number on the command line.
struct DecimalOption: ExpressibleByArgument, Sendable {
  let value: Fixed

  init?(argument: String) {
    guard let value = Fixed(decimal: argument), value.raw >= 0 else { return nil }
    self.value = value
  }
}
