import Model

/// A row that is not the same in both stores.
package struct Difference: Sendable, Equatable {
  package enum Kind: String, Sendable, Equatable, Codable {
    /// In the source only.
    case missing
    /// In the target only.
    case extra
    case different

    package var isInSource: Bool { self != .extra }
    package var isInTarget: Bool { self != .missing }
  }

  /// The row is known to be refused by the target.
  package enum QuarantineState: String, Sendable, Equatable, Codable {
    /// It blocks the switch.
    case waiting
    /// A person decided that it does not move.
    case discarded
  }

  /// The table's name in the source.
  package var table: String
  /// The key as the source stores it, or would.
  package var key: [Value]
  package var kind: Kind
  /// Source names of the columns that differ; empty for a row that one store does not have.
  package var columns: [String] = []
  /// Columns among `columns` whose values are equal, but of whose value the source's cannot be told again.
  package var lossyColumns: [String] = []
  package var quarantine: QuarantineState?
  /// The key is the target's text, because the source has no such value: nothing can be logged for it.
  package var isKeyOfTarget = false
  /// What stands in the columns; nil unless asked for.
  package var values: [ColumnValues]?

  package var isQuarantined: Bool { quarantine != nil }

  /// What one column holds in both stores.
  package struct ColumnValues: Sendable, Equatable {
    package var column: String
    /// Nil where the source has no such row.
    package var source: Value?
    /// As PostgreSQL writes it; nil for NULL, and where the target has no such row.
    package var target: String?
  }
}
