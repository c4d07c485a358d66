import Apply
import Capture
import Model
import Schema

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

extension TwinSnapshot {
  /// A table in both stores.
  struct Shape: Equatable {
    let source: SourceTable
    let plan: TablePlan
  }

  /// A table as both stores have it; nil where it does not move any more.
  func shape(of table: TableID) -> Shape? {
    guard let source = installation.tables.first(where: { $0.id == table }),
      let plan = record.plan.tables.first(where: { $0.id == table })
    else { return nil }
    return Shape(source: source, plan: plan)
  }
}
