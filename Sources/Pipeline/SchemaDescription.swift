import Capture
import FoundationEssentials
import Model
import SQLite
import Schema

/// Puts a change of the source's schema into the words of the journal: with what the columns hold that the target has to
/// plan for.
struct SchemaDescription {
  let overrides: Overrides
  let stop: StopSignal

  /// Reads the tables concerned, each chunk in a transaction of its own. A schema that moves on meanwhile is looked at again
  /// by whoever captures.
  func text(of change: SchemaChange, _ database: borrowing Database) throws -> String {
    var facts: [SchemaNews.Facts] = []
    for step in change.steps {
      guard let table = change.tables.first(where: { $0.id == step.table }) else { continue }
      switch step.action {
      case .copied: facts.append(.init(table: table.id, columns: try scan(table, database)))
      case .altered(let changes):
        let added = changes.compactMap { if case .added(let name, _) = $0 { name } else { nil } }
        if !added.isEmpty { facts.append(.init(table: table.id, columns: try scan(table, only: added, database))) }
      case .held, .removed: continue
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(SchemaNews(change: change, facts: facts)), as: UTF8.self)
  }

  /// Whether a key can be the target's.
  func keyHolds(_ table: SourceTable, _ database: borrowing Database) throws -> Bool {
    Planner.keyHolds(Planner.Input(table: table, facts: try scan(table, database)))
  }

  private func scan(_ table: SourceTable, _ database: borrowing Database) throws -> [ColumnFacts] {
    do {
      return try TypeScan.scan(table, in: database, overrides: overrides, stop: stop) { _ in }.facts
    } catch let error as SQLiteError where error.isGenericError {
      throw SchemaMoved()
    }
  }

  /// What some columns hold, in the place where the table has them.
  private func scan(
    _ table: SourceTable, only names: [String], _ database: borrowing Database
  ) throws -> [ColumnFacts] {
    let keys = Set(table.keyPositions)
    let positions = table.columns.indices.filter { names.contains(table.columns[$0].name) || keys.contains($0) }
    var narrow = table
    narrow.columns = positions.map { table.columns[$0] }
    var facts = table.columns.map { _ in ColumnFacts() }
    for (position, found) in zip(positions, try scan(narrow, database)) { facts[position] = found }
    return facts
  }
}
