import Foundation

/// Something that went wrong, for a person: what, with which value, and what to do about it.
struct UserError: Error, CustomStringConvertible, LocalizedError {
  let text: String
  let advice: String?

  init(_ text: String, advice: String? = nil) {
    self.text = text
    self.advice = advice
  }

  /// A system call failed; adds what `errno` says.
  static func system(_ text: String, advice: String? = nil) -> UserError {
    UserError("\(text): \(String(cString: strerror(errno)))", advice: advice)
  }

  var description: String { advice.map { "\(text)\n\($0)" } ?? text }
  var errorDescription: String? { description }
}
