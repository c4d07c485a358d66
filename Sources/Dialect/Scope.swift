import Model

/// A column as expressions see it.
package struct ScopeColumn: Sendable, Hashable {
  /// SQLite's name.
  package var name: String
  /// How PostgreSQL text names it.
  package var sql: String
  package var kind: ValueKind
  /// The column's affinity in SQLite; nil for the result of an expression, which has none.
  package var affinity: Affinity?
  package var collation: String

  package init(
    _ name: String, sql: String? = nil, _ kind: ValueKind, affinity: Affinity?, collation: String = "BINARY"
  ) {
    self.name = name
    self.sql = sql ?? PostgresText.identifier(name)
    self.kind = kind
    self.affinity = affinity
    self.collation = collation.uppercased()
  }
}

/// A table or view that exists in both stores.
package struct Relation: Sendable, Hashable {
  /// SQLite's name.
  package var name: String
  /// How PostgreSQL text names it, schema and all.
  package var sql: String
  package var columns: [ScopeColumn]
  /// The columns of the target's primary key; empty where it has none.
  package var key: [String]

  package init(name: String, sql: String, columns: [ScopeColumn], key: [String] = []) {
    self.name = name
    self.sql = sql
    self.columns = columns
    self.key = key
  }
}

/// Where a translation goes, which decides what it may do.
package enum Purpose: Sendable, Hashable {
  case check
  /// The WHERE of a partial index.
  case predicate
  case index
  case generated
  case view
  /// A DEFAULT: no columns.
  case initial

  /// PostgreSQL wants the same result for the same values for ever.
  var mustBeImmutable: Bool { self == .predicate || self == .index || self == .generated }
  /// Whether 64 bits that overflow may be an error: in a query one sees it; a row must not be refused for it.
  var mayOverflow: Bool { self == .view }
}

/// The tables of one FROM with what hides and reveals their columns.
struct Frame {
  struct Source {
    var alias: String
    var columns: [ScopeColumn]
    var key: [String] = []
    /// Lower-case names of columns that USING merged into those of an earlier table.
    var merged: Set<String> = []
  }

  /// What an aggregate query may name outside of aggregates.
  struct Grouping {
    var expressions: Set<String>
    var tables: Set<String>
  }

  var sources: [Source] = []
  /// Results that WHERE, GROUP BY and HAVING may name, by lower-case alias.
  var aliases: [String: Translation] = [:]
  var grouping: Grouping?
  var isInsideAggregate = false
  var allowsAggregates = false
  var allowsWindows = false
  var windows: Set<String> = []
}
