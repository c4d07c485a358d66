/// How the source's schema changed between two groups.
package struct SchemaChange: Sendable, Hashable, Codable {
  package var steps: [TableStep]
  /// The captured tables as they are after all steps.
  package var tables: [SourceTable]

  package init(steps: [TableStep], tables: [SourceTable]) {
    self.steps = steps
    self.tables = tables
  }
}

/// What a change of the schema means for one table.
package struct TableStep: Sendable, Hashable, Codable {
  package enum Action: Sendable, Hashable, Codable {
    /// Its rows are what they were, but for what the changes say.
    case altered([TableChange])
    /// All its rows follow; it may be a new table, or have another shape.
    case copied(reason: String)
    /// Nothing of it follows until it is copied again.
    case held(TableHold)
    /// It leaves the target.
    case removed
  }

  package var table: TableID
  /// Its name in the source after the step; before it where it is gone.
  package var name: String
  package var action: Action

  package init(table: TableID, name: String, action: Action) {
    self.table = table
    self.name = name
    self.action = action
  }
}

/// A change of a table that leaves its rows as they are.
package enum TableChange: Sendable, Hashable, Codable {
  case renamed
  /// A column at the end. No trigger fired for the rows that were there: they show `value`.
  case added(column: String, value: Value)
  case renamedColumn(from: String, to: String)
  case dropped(column: String)
  case indexes
}

/// Why a table does not follow.
package struct TableHold: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable {
    /// Its schema changed in a way that is not carried over by itself.
    case paused
    /// Somebody took its triggers away for a migration.
    case suspended
    /// It is no longer in the source.
    case dropped
  }

  package var kind: Kind
  package var reason: String

  package init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  /// What a person can do about it.
  package func remedy(_ table: String) -> String {
    switch kind {
    case .paused: "changeover resync \(table)"
    case .suspended: "changeover resume \(table)"
    case .dropped: "changeover resync \(table) takes it off the target"
    }
  }
}
