import Model

/// A change of the source's schema with what the columns concerned hold: all that a plan needs to follow. The journal
/// carries it as JSON.
package struct SchemaNews: Sendable, Hashable, Codable {
  package struct Facts: Sendable, Hashable, Codable {
    package var table: TableID
    /// In the order of the table's columns; those that nothing is planned for say nothing.
    package var columns: [ColumnFacts]

    package init(table: TableID, columns: [ColumnFacts]) {
      self.table = table
      self.columns = columns
    }
  }

  package var change: SchemaChange
  package var facts: [Facts]

  package init(change: SchemaChange, facts: [Facts]) {
    self.change = change
    self.facts = facts
  }

  /// The tables as they are now, for the planner.
  var inputs: [Planner.Input] {
    change.tables.map { table in
      let known = facts.first { $0.table == table.id && $0.columns.count == table.columns.count }?.columns
      return Planner.Input(table: table, facts: known ?? table.columns.map { _ in ColumnFacts() })
    }
  }
}
