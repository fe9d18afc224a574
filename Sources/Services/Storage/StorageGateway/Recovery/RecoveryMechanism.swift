/// What brings acknowledged mutations back when a gateway is lost.
///
/// All of it is always on: only this module's own tests can leave one out
/// (``NetworkRecovery/Configuration/leftOut``), to show that their comparison notices.
enum RecoveryMechanism: Hashable, Sendable, CaseIterable {
  /// Segments that no bundle holds are made again from what their providers have.
  case stagedSegments
  /// The log behind the checkpoint is applied.
  case logReplay
}
