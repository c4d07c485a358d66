import Journal
import Model
import SQLite

@testable import Capture

/// What the groups of a journal add up to: every table as a dictionary from key to image.
struct Replica: Equatable {
  private(set) var tables: [TableID: [[Value]: [Value]]] = [:]

  struct Wrong: Error, CustomStringConvertible { let description: String }

  /// The tables as they stand in the source, in the caller's transaction or each in its own.
  init(of tables: [SourceTable], in database: borrowing Database) throws {
    for table in tables {
      var rows: [[Value]: [Value]] = [:]
      try database.forEach("SELECT \(table.imageExpressions) FROM \(SQLiteText.identifier(table.name))") { row in
        let image = table.imageColumns.indices.map { row.value($0) }
        guard rows.updateValue(image, forKey: Self.key(image, table.keyPositions)) == nil else {
          throw Wrong(description: "table \(table.name) has two rows of one key")
        }
      }
      self.tables[table.id] = rows
    }
  }

  /// Applies one batch. `seen` holds the keys of its group so far, which may come once unless the header allows more.
  mutating func apply(_ batch: borrowing Batch, seen: inout Set<[Value]>) throws {
    let mayRepeat = batch.header.keysMayRepeat
    try batch.withEntries { entries in
      while let entry = try entries.next() {
        let table = entry.table
        var key: [Value]
        switch entry {
        case .upsert:
          var image: [Value] = []
          for _ in table.columns { image.append(try entries.value().owned) }
          key = Self.key(image, table.keyPositions)
          tables[table.id, default: [:]][key] = image
        case .delete:
          key = []
          for _ in table.keyPositions { key.append(try entries.value().owned) }
          key = Self.key(key, Array(key.indices))
          tables[table.id, default: [:]][key] = nil
        case .replaceTable:
          throw Wrong(description: "table \(table.name) is replaced by a group of changes of SQLite")
        }
        if !mayRepeat, !seen.insert([.integer(table.id.rawValue)] + key).inserted {
          throw Wrong(description: "a key of table \(table.name) comes twice in a group that says it does not")
        }
      }
    }
  }

  /// No store takes 0.0 and −0.0 for two keys.
  private static func key(_ image: [Value], _ positions: [Int]) -> [Value] {
    positions.map { image[$0] == .real(-0.0) ? .real(0.0) : image[$0] }
  }

  /// Where this differs from the source, in words.
  func differences(from source: Replica) -> [String] {
    var found: [String] = []
    for id in Set(tables.keys).union(source.tables.keys).sorted() {
      let mine = tables[id] ?? [:]
      let theirs = source.tables[id] ?? [:]
      for (key, image) in theirs where mine[key] != image {
        found.append("table \(id) \(key): source \(image), replica \(mine[key].map { "\($0)" } ?? "nothing")")
      }
      for (key, image) in mine where theirs[key] == nil {
        found.append("table \(id) \(key): source nothing, replica \(image)")
      }
    }
    return found
  }
}
