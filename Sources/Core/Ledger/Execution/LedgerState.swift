import Cryptography
import Economics
import Primitives
import ServiceKit

/// The state while a block is executed: rows, what undoes the running transaction, where we are.
///
/// It is the ``ServiceContext`` that services get; extensions hold the rules, one file a subject.
struct LedgerState: Sendable {
  /// What is to be written back when the running transaction is undone.
  struct Undo: Sendable {
    let key: StateKey
    let value: [UInt8]?
  }

  /// A point to which the state can return.
  struct Savepoint {
    let undoCount: Int
    let eventCount: Int
    let changedProviderCount: Int
    let activeService: ServiceID?
  }

  var rows: StateRows
  /// Undoes the running transaction, newest last.
  private var undo: [Undo] = []
  /// What each row that was written in this block held before it.
  private var originals: [StateKey: [UInt8]?] = [:]

  let genesis: GenesisRecord
  /// The rules by which epochs are settled; nil on `commons/0`.
  let preset: GenesisPreset?
  /// The economic policy under the parameters that were in force when the block began.
  private(set) var policy: any Policy
  /// Ascending by number.
  let services: [any ServiceModule]
  /// For look-ups by name only; never iterated.
  let declarations: [String: ParameterDeclaration]

  var clock: ChainClock
  var events: [(itemIndex: Int?, event: ServiceEvent)] = []
  /// The item that is being executed; nil outside of items.
  var itemIndex: Int?
  /// Whose code runs, so that its keys, leases and draws are its own.
  var activeService: ServiceID?
  /// Providers whose standing changed, of which services have not been told.
  var changedProviders: [ProviderID] = []
  /// Whether something changed in this block that may change the set of validators.
  var validatorsChanged = false

  init(
    rows: StateRows, genesis: GenesisRecord, preset: GenesisPreset?,
    services: [any ServiceModule], clock: ChainClock
  ) {
    self.rows = rows
    self.genesis = genesis
    self.preset = preset
    policy = CommonsPolicy.standard
    self.services = services
    self.clock = clock
    var declarations: [String: ParameterDeclaration] = [:]
    for declaration in LedgerParameters.all(services, policy: genesis.policy) {
      declarations[declaration.name] = declaration
    }
    self.declarations = declarations
    refreshPolicy()
  }

  /// Reads the policy's parameters anew, once a block.
  mutating func refreshPolicy() {
    guard let current = PolicyCatalogue.policy(genesis.policy, parameter: value(of:)) else {
      preconditionFailure("genesis named a policy that was known when it was checked")
    }
    policy = current
  }

  // MARK: Rows

  /// Writes or, with nil, removes a row, and remembers what was there.
  mutating func write(_ value: [UInt8]?, at key: StateKey) {
    let old = rows.exchange(value, at: key)
    undo.append(Undo(key: key, value: old))
    if originals[key] == nil { originals[key] = .some(old) }
  }

  /// Reads a row that the ledger wrote itself.
  func read<T: CanonicalCodable>(_ type: T.Type = T.self, at key: StateKey) -> T? {
    guard let bytes = rows.value(at: key) else { return nil }
    return Self.decode(bytes)
  }

  /// Decodes a row. Rows are written by us and were compared with the state root at start, so one
  /// that does not decode is a mistake in our code.
  static func decode<T: CanonicalCodable>(_ bytes: [UInt8]) -> T {
    do throws(CodecError) {
      return try T(canonicalBytes: bytes)
    } catch {
      preconditionFailure("a row of the ledger's own does not decode as \(T.self): \(error)")
    }
  }

  /// Writes a record.
  mutating func write(_ record: some CanonicalCodable, at key: StateKey) {
    write(record.canonicalBytes(), at: key)
  }

  /// Reads all rows of a range as records.
  func records<T: CanonicalCodable>(
    _ type: T.Type = T.self, in range: KeyRange, limit: Int = .max
  ) -> [(key: StateKey, record: T)] {
    rows.rows(from: range.from, to: range.to, limit: limit).map { ($0.key, Self.decode($0.value)) }
  }

  /// The next number of a counter.
  mutating func next(_ counter: LedgerCounter) -> UInt64 {
    let key = StateKeys.counter(counter)
    let number = (read(UInt64.self, at: key) ?? 0).addingSaturated(1)
    write(number, at: key)
    return number
  }

  // MARK: Undoing

  /// Where an undo would return to.
  func savepoint() -> Savepoint {
    Savepoint(
      undoCount: undo.count, eventCount: events.count,
      changedProviderCount: changedProviders.count, activeService: activeService)
  }

  /// Undoes everything since a savepoint.
  mutating func revert(to savepoint: Savepoint) {
    while undo.count > savepoint.undoCount {
      let entry = undo.removeLast()
      rows.exchange(entry.value, at: entry.key)
    }
    events.removeSubrange(savepoint.eventCount...)
    changedProviders.removeSubrange(min(savepoint.changedProviderCount, changedProviders.count)...)
    activeService = savepoint.activeService
  }

  /// Forgets how to undo: what was done so far stays.
  mutating func keep() { undo.removeAll(keepingCapacity: true) }

  /// Runs `body`; a throw leaves no trace.
  mutating func atomically<T>(
    _ body: (inout LedgerState) throws(Rejection) -> T
  ) throws(Rejection) -> T {
    let start = savepoint()
    do throws(Rejection) {
      return try body(&self)
    } catch {
      revert(to: start)
      throw error
    }
  }

  /// The rows that differ from what they were when the block began, ascending, and forgets them.
  mutating func takeChanges() -> [(key: StateKey, value: [UInt8]?)] {
    var changes: [(key: StateKey, value: [UInt8]?)] = []
    changes.reserveCapacity(originals.count)
    for key in originals.keys.sorted() {
      let value = rows.value(at: key)
      if let original = originals[key], original != value { changes.append((key, value)) }
    }
    originals.removeAll(keepingCapacity: true)
    undo.removeAll(keepingCapacity: true)
    validatorsChanged = false
    return changes
  }

  // MARK: Small helpers

  /// The value of a parameter.
  func value(of parameter: String) -> UInt128 {
    if let record = read(ParameterRecord.self, at: StateKeys.parameter(parameter)) {
      return record.value
    }
    guard let declaration = declarations[parameter] else {
      preconditionFailure("no service declared the parameter \(parameter)")
    }
    return declaration.production
  }

  /// The value of a parameter that is a time.
  func milliseconds(_ parameter: String) -> UInt64 {
    UInt64(clamping: value(of: parameter))
  }

  /// A service by its number. - Throws: `unknown-service`.
  func module(_ id: ServiceID) throws(Rejection) -> any ServiceModule {
    for service in services where service.id == id { return service }
    throw Rejection(.unknownService, "this chain has no service number \(id.number)")
  }

  /// Notes an event.
  mutating func note(_ kind: String, _ attributes: [(name: String, value: String)]) {
    events.append((itemIndex, ServiceEvent(kind, attributes)))
  }
}

/// Runs arithmetic of the rules and turns its failure into a rejection.
func exactly<T>(_ body: () throws(ArithmeticError) -> T) throws(Rejection) -> T {
  do throws(ArithmeticError) {
    return try body()
  } catch {
    throw Rejection(error)
  }
}
