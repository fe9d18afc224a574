import Foundation

/// A new empty directory that goes with the value.
package final class TemporaryDirectory: Sendable {
  /// Its absolute path.
  package let path: String

  /// Makes the directory under the system's temporary one.
  /// - Throws: what the file system says.
  package init(_ label: String = "test") throws {
    let base = FileManager.default.temporaryDirectory
    let url = base.appending(path: "trellis-\(label)-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in it.
  package func file(_ name: String) -> String { path + "/" + name }
}
