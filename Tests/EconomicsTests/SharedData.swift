import Foundation
import TestSupport

/// The public data beside the repository (`../shared/data/economics`), where it exists.
enum SharedData {
  /// A file's text, or nil with a line that says so: the test then checks only its own tables.
  static func text(_ file: String) -> String? {
    let path = SourceTree.root + "/../shared/data/economics/" + file
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      print("shared data: \(file) is not here; only the tests' own figures were compared")
      return nil
    }
    return text
  }

  /// A JSON file's content.
  static func json(_ file: String) throws -> Any? {
    guard let text = text(file) else { return nil }
    return try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  /// Prints what was compared.
  static func compared(_ file: String, rows: Int, _ remark: String = "") {
    print("shared data: \(file): \(rows) rows compared\(remark.isEmpty ? "" : ", " + remark)")
  }
}
