import Apply
import Capture
import Model
import ReverseCapture
import Schema

/// A read transaction on each store, both showing the state after the same group.
///
/// What proves it is read inside the two transactions: until the switch, the source's newest change is the one that the
/// target's position names, nonce and all; after it, the source's position is that of the group which the target's snapshot
/// was drained into. The locks only see to it that there is such a moment.
struct TwinSnapshot: Sendable {
  let record: SourceRecord
  let installation: SourceInstallation
  /// Without a write-ahead log our reading keeps the application's commits waiting.
  let isWAL: Bool
  /// When both transactions are to end.
  let end: ContinuousClock.Instant

  let position: Position
  /// After the switch: the target's tables as they are by now.
  var view: DrainedView?
}

extension TwinSnapshot {
  /// A table in both stores.
  struct Shape: Equatable {
    var source: SourceTable
    var plan: TablePlan
    /// The target's schema.
    var schema: String
    var leavesOutChildren = false
    /// What only one of the stores has, and cannot be compared: for people.
    var notCompared: [String] = []
  }

  /// A table as both stores have it, or why it cannot be compared.
  func shape(of table: TableID) -> Result<Shape, Uncomparable> {
    guard let source = installation.tables.first(where: { $0.id == table }),
      let plan = record.plan.tables.first(where: { $0.id == table })
    else { return .failure(Uncomparable(reason: "the table does not move any more")) }
    var shape = Shape(source: source, plan: plan, schema: record.plan.schema)
    guard let view else { return .success(shape) }
    let deviations = view.deviations.filter { $0.table == plan.sourceName && $0.kind != .newTable }
    guard let drained = view.tables.first(where: { $0.id == table }) else {
      let reason = deviations.first { $0.kind == .paused }?.reason ?? "is not kept in step"
      return .failure(Uncomparable(reason: "the table on the target \(reason)"))
    }
    shape.plan = drained.adapt(plan)
    shape.schema = drained.schema
    shape.leavesOutChildren = drained.leavesOutChildren
    let names = Set(shape.plan.columns.map(\.sourceName))
    shape.source.exclude(Set(source.columns.map(\.name).filter { !names.contains($0) }.map { $0.lowercased() }))
    shape.notCompared = deviations.compactMap { deviation in
      switch deviation.kind {
      case .newColumn, .droppedColumn, .childTables:
        (deviation.column.map { "column '\($0)' " } ?? "it ") + deviation.reason
      case .newTable, .renamedTable, .renamedColumn, .paused: nil
      }
    }
    return .success(shape)
  }

  struct Uncomparable: Error { let reason: String }

  /// Tables that only the target has, for people.
  var notCompared: [String] {
    (view?.deviations ?? []).filter { $0.kind == .newTable }.map { "\($0.subject) \($0.reason)" }
  }

  /// Tables whose names or columns on the target are not those of the plan any more.
  var altered: Set<TableID> {
    let names = Set((view?.deviations ?? []).filter { ![.newTable, .newColumn].contains($0.kind) }.map(\.table))
    return Set(record.plan.tables.filter { names.contains($0.sourceName) }.map(\.id))
  }
}
