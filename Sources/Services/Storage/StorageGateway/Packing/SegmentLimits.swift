import StorageService

/// The named limits of segments and stripes.
package struct SegmentLimits: Sendable {
  /// A segment is sealed when its payload has this many bytes: 64 MiB unless memory is short.
  package var segmentBytes: UInt64 = 64 << 20
  /// A segment is sealed when it is this old.
  package var sealAfter: Duration = .seconds(60)
  /// A stripe closes when its payload has this many bytes, or the class's largest if that is less:
  /// a whole piece of a body, 4 MiB of plain bytes, and its log.
  package var stripeBytes =
    SealingPipe.recordsPerPiece * Int(RecordMath.sealedBytes) + logRoomBytes
  /// Room beside a piece for the stripe's header and log.
  package static let logRoomBytes = 16 << 10
  /// How many stripes may wait for acknowledgements at once.
  package var stripesUnderWay = 2
  /// How long a provider may take to acknowledge an append, in seconds.
  package var appendTimeoutSeconds = 10.0
  /// How long a provider may take to answer a read, in seconds.
  package var readTimeoutSeconds = 10.0
  /// How long a stronger class must have been in force before weaker bundles are coded again.
  package var recodeAfter: Duration = .seconds(30)
  /// How long lies between two looks for data to be coded again, and for garbage.
  package var collectEvery: Duration = .seconds(10)
  /// A checkpoint is written when so many bytes of log follow the last one, or as many as a quarter
  /// of its own size if that is more: 4 MiB, some ten thousand mutations.
  package var checkpointLogBytes: UInt64 = 4 << 20
  /// A checkpoint is written when there is any log that is so old: what was deleted meanwhile can
  /// only be collected when no log record of its segments is needed.
  package var checkpointAfter: Duration = .seconds(600)
  /// The most stripes that one segment may have.
  package static let stripesPerSegment = 4096

  package init() {}
}
