import Apply
import Capture
import Model

/// A read transaction on each store, both showing the state after the same group.
///
/// What proves it is read inside the two transactions: the source's newest change is the one that the target's position
/// names, nonce and all. The locks only see to it that there is such a moment.
struct TwinSnapshot: Sendable {
  let record: SourceRecord
  let installation: SourceInstallation
  /// Without a write-ahead log our reading keeps the application's commits waiting.
  let isWAL: Bool
  /// When both transactions are to end.
  let end: ContinuousClock.Instant

  var position: Position { record.applied }
}
