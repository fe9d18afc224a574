import Primitives

/// A service's pure half: its transactions, its deadlines and its draws, as functions of a
/// ``ServiceContext``. The ledger runs it; it knows nothing of the ledger's inside.
package protocol ServiceModule: Sendable {
  /// The service's number in the catalogue.
  var id: ServiceID { get }
  /// The service's name in commands and texts, such as `storage`.
  var name: String { get }
  /// The parameters it reads, with their bounds and the values of a production network.
  var parameters: [ParameterDeclaration] { get }

  /// Executes a transaction's payload for `sender`. A throw undoes everything it wrote.
  /// - Throws: ``Rejection``.
  func apply(_ payload: [UInt8], from sender: AccountID, in context: inout some ServiceContext)
    throws(Rejection)

  /// A deadline set with ``ServiceContext/scheduleWake(at:notBefore:token:)`` has come.
  func wake(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection)

  /// The beacon after a ``ServiceContext/requestDraw(token:)`` is there, as `context.beacon`.
  func drawn(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection)

  /// Called once, at genesis, for first deadlines.
  func genesis(in context: inout some ServiceContext) throws(Rejection)

  /// A settlement epoch ends: last credits for it, and zeros with their reasons.
  func epochEnds(in context: inout some ServiceContext) throws(Rejection)

  /// A provider has asked to leave or was slashed below its minimum.
  func providerChanged(_ provider: ProviderID, in context: inout some ServiceContext)
    throws(Rejection)

  /// Whether a provider still has obligations, so that its bond must stay.
  func isObliged(_ provider: ProviderID, in context: some ServiceContext) -> Bool

  /// A lease is about to close at its customer's wish.
  /// - Throws: ``Rejection`` when it must not (a lock-up runs, say).
  func leaseCloses(_ lease: LeaseID, in context: inout some ServiceContext) throws(Rejection)
}

extension ServiceModule {
  /// A key in the service's own part of the state.
  package func key(_ table: UInt8, _ build: (inout CanonicalEncoder) -> Void) -> StateKey {
    StateKey(table: StateTable.firstService + id.number) { encoder in
      encoder.encode(table)
      build(&encoder)
    }
  }
}

/// A governed parameter: its name, its hard bounds, and what it is in production.
package struct ParameterDeclaration: Hashable, Sendable {
  /// Dotted, with its unit: `storage.proof-window-milliseconds`.
  package let name: String
  package let minimum: UInt128
  package let maximum: UInt128
  /// The value of a production network.
  package let production: UInt128
  /// The value on a devnet, as a function of the epoch's length in milliseconds.
  package let devnet: @Sendable (_ epochMilliseconds: UInt128) -> UInt128
  /// What it decides, in a sentence.
  package let meaning: String

  package init(
    _ name: String, minimum: UInt128, maximum: UInt128, production: UInt128,
    devnet: @escaping @Sendable (_ epochMilliseconds: UInt128) -> UInt128, meaning: String
  ) {
    self.name = name
    self.minimum = minimum
    self.maximum = maximum
    self.production = production
    self.devnet = devnet
    self.meaning = meaning
  }

  package static func == (left: ParameterDeclaration, right: ParameterDeclaration) -> Bool {
    left.name == right.name
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
