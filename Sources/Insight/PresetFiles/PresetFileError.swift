import Economics

/// Why a preset's file cannot be used.
package struct PresetFileError: Error, Hashable, CustomStringConvertible {
  /// The file's path, or what stands for it.
  package let file: String
  /// The line, from 1; nil when the whole file is meant.
  package let line: Int?
  /// The field's path, such as `rules[0].vesting.epochs`; empty when the whole file is meant.
  package let field: String
  package let message: String

  package init(file: String, line: Int? = nil, field: String = "", message: String) {
    self.file = file
    self.line = line
    self.field = field
    self.message = message
  }

  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return field.isEmpty ? "\(place): \(message)" : "\(place): \(field): \(message)"
  }
}
