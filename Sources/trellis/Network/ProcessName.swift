/// What a process of the network does.
enum ProcessRole: String, Codable, CaseIterable, Sendable {
  case validator, provider, gateway, dashboard
}

/// A process's name within its network: `validator`, `provider-3`, `gateway`, `dashboard`.
struct ProcessName: Hashable, Sendable {
  let role: ProcessRole
  /// The provider's number from 1; 0 for the roles that occur once.
  let number: Int

  static let validator = ProcessName(role: .validator, number: 0)
  static let gateway = ProcessName(role: .gateway, number: 0)
  static let dashboard = ProcessName(role: .dashboard, number: 0)
  static func provider(_ number: Int) -> ProcessName {
    ProcessName(role: .provider, number: number)
  }

  /// The name that people and files use.
  var id: String { role == .provider ? "provider-\(number)" : role.rawValue }

  init(role: ProcessRole, number: Int) {
    self.role = role
    self.number = number
  }

  /// Reads a name such as `provider-3`, or just `3` for a provider; nil for anything else.
  init?(_ text: String) {
    if let role = ProcessRole(rawValue: text), role != .provider {
      self.init(role: role, number: 0)
    } else {
      let digits = text.hasPrefix("provider-") ? text.dropFirst(9) : Substring(text)
      guard let number = Int(digits), number > 0, String(number) == digits else { return nil }
      self.init(role: .provider, number: number)
    }
  }
}
