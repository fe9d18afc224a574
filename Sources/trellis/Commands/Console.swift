import Foundation

/// What is said while a command goes on: each line at once, also into a file or a pipe.
enum Console {
  /// Writes a line to standard output. A reader that went away is no error.
  static let say: @Sendable (String) -> Void = { text in
    try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
  }
}
