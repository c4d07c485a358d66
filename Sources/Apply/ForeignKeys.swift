import Model
import Postgres
import Schema

/// What stands in the way of the foreign keys that come at the switch, and what became of them after it.
package struct ForeignKeys {
  /// A key with rows that lead nowhere, or one that cannot be created at all.
  package struct Obstacle: Sendable, Equatable {
    package let key: String
    package let table: String
    /// Rows that lead nowhere; nil where the key cannot be created because its parent's columns are not unique.
    package let orphans: Int64?

    package init(key: String, table: String, orphans: Int64?) {
      self.key = key
      self.table = table
      self.orphans = orphans
    }
  }

  private let plan: TargetPlan
  private let ddl: DDL

  package init(_ plan: TargetPlan) {
    self.plan = plan
    ddl = DDL(plan)
  }

  package func obstacles(_ connection: inout Connection) throws -> [Obstacle] {
    var found: [Obstacle] = []
    for table in plan.tables {
      for key in table.foreignKeys {
        guard try hasUniqueParent(key, &connection) else {
          found.append(Obstacle(key: key.name, table: table.sourceName, orphans: nil))
          continue
        }
        let rows = try connection.query(ddl.countOrphans(key, of: table)).int64(0, 0)
        if rows > 0 { found.append(Obstacle(key: key.name, table: table.sourceName, orphans: rows)) }
      }
      // Keys that were not valid before need not be so afterwards.
      for key in table.kept?.foreignKeys ?? [] where key.isValid {
        let rows = try connection.query(key.orphans).int64(0, 0)
        if rows > 0 { found.append(Obstacle(key: key.name, table: key.tableName, orphans: rows)) }
      }
    }
    return found
  }

  /// PostgreSQL asks for a unique index over exactly these columns, without a condition or an expression.
  private func hasUniqueParent(_ key: ForeignKeyPlan, _ connection: inout Connection) throws -> Bool {
    let columns = key.parentColumns.map(PostgresText.literal).joined(separator: ", ")
    var parameters = Parameters()
    parameters.append(text: PostgresText.identifier(plan.schema, key.parentTable))
    return try connection.query(
      """
      SELECT EXISTS (
        SELECT 1 FROM pg_index AS i
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
          AND i.indnkeyatts = \(key.parentColumns.count) AND i.indnatts = i.indnkeyatts
          AND ARRAY[\(columns)]::text[] @> (
            SELECT array_agg(a.attname::text) FROM pg_attribute AS a
            WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)))
      """, parameters
    ).bool(0, 0)
  }

  /// The statements that create the keys, rows there unchecked, apart from those that cannot be.
  package func creation(leavingOut names: Set<String>) -> [String] {
    plan.tables.flatMap { table in
      table.foreignKeys.filter { !names.contains($0.name) }.map { ddl.addForeignKey($0, on: table) }
        + (table.kept?.foreignKeys ?? []).map(\.creation)
    }
  }

  /// What checking the rows came to.
  package struct Validation: Sendable, Equatable {
    package var valid = 0
    /// Keys that stay NOT VALID because rows lead nowhere.
    package var orphaned: [String] = []
    /// Keys that could not be checked now, with the reason.
    package var unchecked: [(key: String, reason: String)] = []

    package static func == (a: Validation, b: Validation) -> Bool {
      a.valid == b.valid && a.orphaned == b.orphaned && a.unchecked.map(\.key) == b.unchecked.map(\.key)
    }
  }

  /// Checks the rows under the keys that are not valid yet; nobody waits for it.
  package func validate(except waived: Set<String>, _ connection: inout Connection) throws -> Validation {
    var outcome = Validation()
    for table in plan.tables {
      for key in table.foreignKeys where !waived.contains(key.name) {
        try validate(key.name, ddl.name(of: table), ddl.validateForeignKey(key, on: table), &outcome, &connection)
      }
      for key in table.kept?.foreignKeys ?? [] where key.isValid && !waived.contains(key.name) {
        try validate(key.name, key.table, key.validation, &outcome, &connection)
      }
    }
    return outcome
  }

  private func validate(
    _ key: String, _ table: String, _ validation: String, _ outcome: inout Validation, _ connection: inout Connection
  ) throws {
    guard let isValid = try isValid(key, on: table, &connection) else { return }
    do {
      if !isValid { try connection.execute(validation) }
      outcome.valid += 1
    } catch {
      switch error.sqlState {
      case "23503": outcome.orphaned.append(key)
      case .some: outcome.unchecked.append((key, error.description))
      case nil: throw error
      }
    }
  }

  /// Nil where the key does not stand on the table.
  private func isValid(_ key: String, on table: String, _ connection: inout Connection) throws -> Bool? {
    var parameters = Parameters()
    parameters.append(text: table)
    parameters.append(text: key)
    let result = try connection.query(
      "SELECT convalidated FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $2 AND contype = 'f'",
      parameters)
    return result.rowCount == 1 ? try result.bool(0, 0) : nil
  }
}
