/// Where a recovery stands, for people and scripts.
package struct RecoveryProgress: Hashable, Sendable, Codable {
  /// What a recovery does, in this order.
  package enum Step: String, Sendable, Codable {
    case fencing, manifests, staged, checkpoint, log, waiting, done
  }
  package let step: Step
  package let text: String
  /// How much of the step is done, of ``total``; both 0 when that is not known.
  package let count: Int
  package let total: Int

  init(_ step: Step, _ text: String, count: Int = 0, total: Int = 0) {
    self.step = step
    self.text = text
    self.count = count
    self.total = total
  }
}

/// What a recovery brought back.
package struct RecoverySummary: Hashable, Sendable, Codable {
  /// The fencing epoch that the recovered gateway writes under.
  package let epoch: UInt64
  package let providersAsked: Int
  package let providersSilent: Int
  package let bundles: Int
  package let bundledSegments: Int
  /// Segments that no bundle held yet.
  package let stagedSegments: Int
  /// The last record of the checkpoint that was loaded; 0 when none was.
  package let checkpointSequence: UInt64
  /// Records that were applied from the log.
  package let logRecords: Int
  /// The last record; the next mutation has the number after it.
  package let lastSequence: UInt64
  package let buckets: Int
  package let objects: Int
}

/// Why a recovery cannot go on.
package enum RecoveryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Providers that may hold acknowledged data do not answer.
  case waitsForProviders(String)
  /// Records between these two are nowhere.
  case gap(after: UInt64, next: UInt64)
  /// What the shards hold does not fit together.
  case inconsistent(String)

  package var description: String {
    switch self {
    case .waitsForProviders(let what):
      "Acknowledged data may be where nobody answers: \(what). Run the recovery again when they "
        + "are back, or with --without-silent to do without what only they hold."
    case .gap(let after, let next):
      "The log has record \(after) and then record \(next), and no checkpoint covers what is "
        + "between. Providers that hold it may be silent; run the recovery again when they are "
        + "back."
    case .inconsistent(let what): "What the providers hold does not fit together: \(what)."
    }
  }
}
