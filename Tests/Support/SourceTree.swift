/// Where the repository is on this machine.
package enum SourceTree {
  /// The absolute path of the folder that holds `Package.swift`.
  package static var root: String {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)  // Tests/Support/SourceTree.swift
    return parts.joined(separator: "/")
  }
}
