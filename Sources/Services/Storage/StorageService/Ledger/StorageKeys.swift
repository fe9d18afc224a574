import Primitives
import ServiceKit

/// Where the storage service's records lie in the ledger's state. Clients read them by these keys.
package enum StorageKeys {
  /// The service's number in the catalogue.
  package static let service = ServiceID(number: 1)

  /// The byte after the service's table byte.
  enum Table: UInt8 {
    case serial = 1
    case group = 2
    case bundle = 3
    case bundleKey = 4
    case obligation = 5
    case provider = 6
    case stream = 7
    case leaseTotal = 8
    case round = 9
    case challenge = 10
    case repair = 11
    case repairQueue = 12
    case finalProof = 13
    case windowClock = 14
    case flag = 15
    case dryLease = 16
    case retrieval = 17
    case leaseBundle = 18
    case assignment = 19
    case demand = 20
    case stagingClaim = 21
    case customerSeen = 22
    case writer = 35
  }

  static func key(_ table: Table, _ build: (inout CanonicalEncoder) -> Void = { _ in }) -> StateKey
  {
    StateKey(table: StateTable.firstService + service.number) { encoder in
      encoder.encode(table.rawValue)
      build(&encoder)
    }
  }

  /// A placement group: ``PlacementGroupRecord``.
  package static func group(_ id: PlacementGroupID) -> StateKey {
    key(.group) { $0.encode(id) }
  }

  /// All placement groups, ascending: ``PlacementGroupRecord``.
  package static var groups: (from: StateKey, to: StateKey) { range(.group) { _ in } }

  /// Which gateway writes for a customer: ``WriterRecord``.
  package static func writer(of customer: AccountID) -> StateKey {
    key(.writer) { $0.encode(customer) }
  }

  /// A bundle: ``BundleRecord``.
  package static func bundle(_ id: BundleID) -> StateKey { key(.bundle) { $0.encode(id) } }

  /// The number of the bundle with a manifest's hash: ``BundleKeyRecord``.
  package static func bundleKey(_ hash: Digest) -> StateKey { key(.bundleKey) { $0.encode(hash) } }

  /// A column that a provider keeps: ``ObligationRecord``.
  package static func obligation(_ provider: ProviderID, _ bundle: BundleID) -> StateKey {
    key(.obligation) {
      $0.encode(provider)
      $0.encode(bundle)
    }
  }

  /// All columns of a provider, ascending by bundle: ``ObligationRecord``.
  package static func obligations(of provider: ProviderID) -> (from: StateKey, to: StateKey) {
    range(.obligation) { $0.encode(provider) }
  }

  /// A provider as the storage service sees it: ``StorageProviderRecord``.
  package static func provider(_ id: ProviderID) -> StateKey { key(.provider) { $0.encode(id) } }

  /// All providers, ascending: ``StorageProviderRecord``.
  package static var providers: (from: StateKey, to: StateKey) { range(.provider) { _ in } }

  /// What a provider keeps for a lease: ``StreamRecord``.
  package static func stream(_ provider: ProviderID, _ lease: LeaseID) -> StateKey {
    key(.stream) {
      $0.encode(provider)
      $0.encode(lease)
    }
  }

  /// All leases that a provider keeps bytes for: ``StreamRecord``.
  package static func streams(of provider: ProviderID) -> (from: StateKey, to: StateKey) {
    range(.stream) { $0.encode(provider) }
  }

  /// What all providers keep for a lease: ``StreamRecord``.
  package static func leaseTotal(_ lease: LeaseID) -> StateKey {
    key(.leaseTotal) { $0.encode(lease) }
  }

  /// Since when a lease's stream bucket has been empty: ``LedgerTime``.
  package static func dryLease(_ lease: LeaseID) -> StateKey {
    key(.dryLease) { $0.encode(lease) }
  }

  /// What was claimed for bytes that a slot of a group keeps in no bundle: ``StagingClaimRecord``.
  package static func stagingClaim(_ group: PlacementGroupID, _ slot: UInt8) -> StateKey {
    key(.stagingClaim) {
      $0.encode(group)
      $0.encode(slot)
    }
  }

  /// When the customer of a lease last did something under it: ``LedgerTime``.
  package static func customerSeen(_ lease: LeaseID) -> StateKey {
    key(.customerSeen) { $0.encode(lease) }
  }

  /// A proof round: ``RoundRecord``.
  package static func round(_ id: RoundID) -> StateKey { key(.round) { $0.encode(id) } }

  /// All rounds that the ledger keeps, ascending: ``RoundRecord``.
  package static var rounds: (from: StateKey, to: StateKey) { range(.round) { _ in } }

  /// A provider's challenge in a round: ``ChallengeRecord``.
  package static func challenge(_ round: RoundID, _ provider: ProviderID) -> StateKey {
    key(.challenge) {
      $0.encode(round)
      $0.encode(provider)
    }
  }

  /// All challenges of a round, ascending by provider: ``ChallengeRecord``.
  package static func challenges(in round: RoundID) -> (from: StateKey, to: StateKey) {
    range(.challenge) { $0.encode(round) }
  }

  /// The repair of a vacant slot: ``RepairRecord``.
  package static func repair(_ bundle: BundleID, _ slot: UInt8) -> StateKey {
    key(.repair) {
      $0.encode(bundle)
      $0.encode(slot)
    }
  }

  /// All repairs, ascending by bundle and slot: ``RepairRecord``.
  package static var repairs: (from: StateKey, to: StateKey) { range(.repair) { _ in } }

  /// The repairs that a provider is assigned, ascending by bundle: the slot's number, one byte.
  package static func assignments(of provider: ProviderID) -> (from: StateKey, to: StateKey) {
    range(.assignment) { $0.encode(provider) }
  }

  /// One repair that a provider is assigned: the slot's number, one byte.
  package static func assignment(_ provider: ProviderID, _ bundle: BundleID) -> StateKey {
    key(.assignment) {
      $0.encode(provider)
      $0.encode(bundle)
    }
  }

  /// The bundles of a lease, ascending: empty rows whose key ends in the bundle's number.
  package static func bundles(of lease: LeaseID) -> (from: StateKey, to: StateKey) {
    range(.leaseBundle) { $0.encode(lease) }
  }

  /// The row that says that a bundle is a lease's.
  package static func leaseBundle(_ lease: LeaseID, _ bundle: BundleID) -> StateKey {
    key(.leaseBundle) {
      $0.encode(lease)
      $0.encode(bundle)
    }
  }

  /// A forced retrieval: ``RetrievalRecord``.
  package static func retrieval(_ id: RetrievalID) -> StateKey { key(.retrieval) { $0.encode(id) } }

  /// All forced retrievals that wait for an answer: ``RetrievalRecord``.
  package static var retrievals: (from: StateKey, to: StateKey) { range(.retrieval) { _ in } }

  /// A demand for steps that a provider has to answer: ``DemandRecord``.
  package static func demand(_ provider: ProviderID, number: UInt64) -> StateKey {
    key(.demand) {
      $0.encode(provider)
      $0.encode(number)
    }
  }

  /// All demands for steps that a provider has to answer, in the order asked: ``DemandRecord``.
  package static func demands(of provider: ProviderID) -> (from: StateKey, to: StateKey) {
    range(.demand) { $0.encode(provider) }
  }

  /// All demands for steps that wait, ascending by provider: ``DemandRecord``.
  package static var demands: (from: StateKey, to: StateKey) { range(.demand) { _ in } }

  /// Marks a column that waits for its last proof.
  static func finalProof(_ provider: ProviderID, _ bundle: BundleID) -> StateKey {
    key(.finalProof) {
      $0.encode(provider)
      $0.encode(bundle)
    }
  }

  /// A repair that waits for a draw.
  static func queuedRepair(_ bundle: BundleID, _ slot: UInt8) -> StateKey {
    key(.repairQueue) {
      $0.encode(bundle)
      $0.encode(slot)
    }
  }

  /// Every key that begins with the table and a prefix.
  static func range(
    _ table: Table, _ build: (inout CanonicalEncoder) -> Void
  ) -> (from: StateKey, to: StateKey) {
    let from = key(table, build)
    var end = from.bytes
    // The next prefix of the same length: the table byte is never 255, so a byte can be raised.
    while let last = end.last, last == .max { end.removeLast() }
    end[end.count - 1] += 1
    return (from, StateKey(end))
  }
}
