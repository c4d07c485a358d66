import Model
import Schema

/// What a drain's transaction sees, as long as it is open.
package struct DrainedView: Sendable {
  /// Where the target stood before the drain: the rows that the transaction sees are those of the group that follows.
  package let after: Position
  /// The tables whose changes are drained.
  package let tables: [DrainedTable]
  /// What has changed in the schema since the switch.
  package let deviations: [Deviation]
}

/// A table of the plan as the target has it by now.
package struct DrainedTable: Sendable, Hashable {
  package let id: TableID
  package let schema: String
  package let name: String
  /// The plan's columns that are still there, by their place in the plan, with their names now.
  package let columns: [Column]
  /// Rows of tables that inherit from it are none of its own.
  package let leavesOutChildren: Bool

  package struct Column: Sendable, Hashable {
    package let position: Int
    package let name: String
  }

  init(
    id: TableID, schema: String, name: String, columns: [(position: Int, name: String)], leavesOutChildren: Bool
  ) {
    self.id = id
    self.schema = schema
    self.name = name
    self.columns = columns.map { Column(position: $0.position, name: $0.name) }
    self.leavesOutChildren = leavesOutChildren
  }

  /// What its changes are read under a lock by.
  package var lock: String { (leavesOutChildren ? "ONLY " : "") + PostgresText.identifier(schema, name) }

  /// The plan without what the target dropped, under the names of now.
  package func adapt(_ plan: TablePlan) -> TablePlan {
    var adapted = plan
    adapted.targetName = name
    adapted.columns = columns.map { column in
      var now = plan.columns[column.position]
      now.targetName = column.name
      return now
    }
    adapted.keyPositions = plan.keyPositions.compactMap { key in columns.firstIndex { $0.position == key } }
    return adapted
  }
}
