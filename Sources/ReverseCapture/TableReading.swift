import Apply
import Journal
import Model
import Schema

/// How one table is drained: the statements, and how their rows become entries.
struct TableReading: Sendable {
  let id: TableID
  /// The table as the journal declares it: by the source's names, without columns that the target dropped.
  let journal: JournalTable
  /// The table's qualified name now.
  let name: String
  /// All its rows are to be read, whatever the log says.
  var wholly: Bool
  /// Of a partitioned table the rows stand in its partitions; of others, the children's rows are not its own.
  private let only: String
  /// The table as it is now, for who reads it beside the drain.
  let drained: DrainedTable
  private let columns: [String]
  private let keys: [String]
  /// Key columns to whose own equality two different values can be the same.
  private let isLoose: [Bool]

  /// - Parameter present: the plan's columns that are still there, with their names now.
  init(
    _ plan: TablePlan, _ relation: FoundTarget.Relation, _ present: [(position: Int, name: String)], wholly: Bool
  ) {
    id = plan.id
    drained = DrainedTable(
      id: plan.id, schema: relation.schema, name: relation.name, columns: present,
      leavesOutChildren: !relation.isPartitioned)
    name = relation.qualifiedName
    only = relation.isPartitioned ? "" : "ONLY "
    self.wholly = wholly
    columns = present.map { PostgresText.identifier($0.name) }
    let positions = plan.keyPositions.compactMap { position in present.firstIndex { $0.position == position } }
    keys = positions.map { PostgresText.identifier(present[$0].name) }
    isLoose = plan.keyColumns.map { $0.type.isText }
    journal = JournalTable(
      id: plan.id, name: plan.sourceName, columns: present.map { plan.columns[$0.position].sourceName },
      keyPositions: positions)
  }

  /// Its part of a LOCK TABLE.
  var lock: String { only + name }

  var keyCount: Int { keys.count }

  /// Deletes what the log holds and gives, for each distinct key of it, whether its row is there, the key, and the row.
  ///
  /// Keys are told apart by their bytes, so that one that took the place of another spelling does not hide that the other
  /// is gone.
  func drain(_ log: String) -> String {
    let names = keys.indices.map { "k\($0)" }
    let exact = names.indices.filter { isLoose[$0] }.map { ", k\($0)::text COLLATE \"C\" AS b\($0)" }.joined()
    let match = zip(keys, names).enumerated().map { index, pair in
      let same = "t.\(pair.0) = k.\(pair.1)"
      return isLoose[index] ? "\(same) AND t.\(pair.0)::text COLLATE \"C\" = k.\(pair.1)::text COLLATE \"C\"" : same
    }.joined(separator: " AND ")
    let list = names.joined(separator: ", ")
    return """
      COPY (
        WITH gone AS (DELETE FROM \(log) RETURNING op, \(list)),
          k AS (SELECT DISTINCT \(list)\(exact) FROM gone WHERE op <= 3)
        SELECT t.ctid IS NOT NULL, \(names.map { "k.\($0)" }.joined(separator: ", ")), \(images)
        FROM k LEFT JOIN \(only)\(name) AS t ON \(match)
      ) TO STDOUT (FORMAT binary)
      """
  }

  /// Gives all rows, as many columns.
  var all: String {
    let nothing = keys.map { _ in "NULL" }.joined(separator: ", ")
    return "COPY (SELECT true, \(nothing), \(images) FROM \(only)\(name) AS t) TO STDOUT (FORMAT binary)"
  }

  private var images: String { columns.map { "t.\($0)" }.joined(separator: ", ") }

  /// Appends a row as it came from either statement; throws where it is not of their shape.
  func append(_ row: consuming CopyRow, to encoder: inout EntryEncoder) throws {
    guard row.fieldCount == 1 + keys.count + columns.count, let found = try row.next(), found.count == 1 else {
      throw CopyRow.malformed
    }
    if found[0] != 0 {
      for _ in keys { _ = try row.next() }
      encoder.beginUpsert(id)
      for _ in columns { Self.append(try row.next(), to: &encoder) }
    } else {
      encoder.beginDelete(id)
      for _ in keys { Self.append(try row.next(), to: &encoder) }
      for _ in columns { _ = try row.next() }
    }
    try row.end()
  }

  private static func append(_ field: UnsafeRawBufferPointer?, to encoder: inout EntryEncoder) {
    if let field { encoder.blob(field) } else { encoder.null() }
  }
}
