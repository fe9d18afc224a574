import Cryptography
import Primitives

/// What people call the accounts of a network on this machine.
struct NameBook: Sendable {
  private let names: [AccountID: String]

  /// - Throws: ``UserError`` when a secret cannot be read.
  init(_ network: OpenNetwork) throws {
    var names: [AccountID: String] = [:]
    for (account, name) in try network.secrets.providerNames(network.settings) {
      names[account] = name.id
    }
    for name in network.secrets.names {
      names[try network.secrets.identity(name).ledgerKey.accountID] = name
    }
    self.names = names
  }

  /// The name, or the beginning of the did:key.
  func name(of account: AccountID) -> String {
    names[account] ?? String(account.didKey.prefix(24)) + "…"
  }

  /// The account that a person means: a name, a did:key or 64 hexadecimal digits.
  /// - Throws: ``UserError``.
  func account(_ text: String) throws -> AccountID {
    if let account = AccountID(didKey: text) ?? AccountID(hex: text) { return account }
    let wanted = ProcessName(text)?.id ?? text
    let found = names.filter { $0.value == wanted }.keys
    guard let account = found.first else {
      throw UserError(
        "“\(text)” is no account",
        advice: "Give a name of `trellis keys list`, a provider such as "
          + "provider-3, or a did:key.")
    }
    return account
  }
}
