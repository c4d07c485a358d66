import Dialect
import Model

/// What a CREATE TABLE statement says and no PRAGMA tells.
struct TableConstraints {
  var checks: [SourceCheck] = []
  var conflictClauses: [String] = []
  /// Of each foreign key, in the order in which they stand, whether it is INITIALLY DEFERRED.
  var deferred: [Bool] = []
  /// The expressions of generated columns, by lower-case name.
  var generated: [String: String] = [:]

  /// Nothing where the text cannot be read: SQLite accepts a little more than our parser.
  init(sql: String) {
    guard let table = try? Parser.createTable(sql) else { return }
    for column in table.columns {
      for constraint in column.constraints { add(constraint, of: column.name) }
    }
    for constraint in table.constraints { add(constraint) }
  }

  private mutating func add(_ constraint: ColumnConstraint, of column: String) {
    switch constraint.kind {
    case .primaryKey(_, let conflict?, _): note("PRIMARY KEY (\(column))", conflict)
    case .notNull(let conflict?): note("NOT NULL (\(column))", conflict)
    case .unique(let conflict?): note("UNIQUE (\(column))", conflict)
    case .check(_, let text): checks.append(SourceCheck(name: constraint.name, expression: text))
    case .generated(_, let text, _): generated[column.lowercased()] = text
    case .references(let key): deferred.append(key.isDeferred)
    default: break
    }
  }

  private mutating func add(_ constraint: TableConstraint) {
    switch constraint.kind {
    case .primaryKey(_, let conflict?, _): note("PRIMARY KEY", conflict)
    case .unique(_, let conflict?): note("UNIQUE", conflict)
    case .check(_, let text): checks.append(SourceCheck(name: constraint.name, expression: text))
    case .foreignKey(_, let key): deferred.append(key.isDeferred)
    default: break
    }
  }

  /// ABORT is what a constraint without the clause does too.
  private mutating func note(_ what: String, _ conflict: Conflict) {
    if conflict != .abort { conflictClauses.append("\(what) ON CONFLICT \(conflict.rawValue)") }
  }
}
