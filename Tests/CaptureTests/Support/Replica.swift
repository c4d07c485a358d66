import FoundationEssentials
import Journal
import Model
import SQLite

@testable import Capture

/// What the groups of a journal add up to: every table as a dictionary from key to image.
struct Replica: Equatable {
  private(set) var tables: [TableID: [[Value]: [Value]]] = [:]
  private var shapes: [TableID: SourceTable] = [:]

  /// Only rows count.
  static func == (a: Replica, b: Replica) -> Bool { a.tables == b.tables }

  /// How these tests put a change of the schema into the journal.
  static func describe(_ change: SchemaChange, _ database: borrowing Database) throws -> String {
    String(decoding: try JSONEncoder().encode(change), as: UTF8.self)
  }

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
      shapes[table.id] = table
    }
  }

  /// Applies one batch. `seen` holds the keys of its group so far, which may come once unless the header allows more.
  mutating func apply(_ batch: borrowing Batch, seen: inout Set<[Value]>) throws {
    let mayRepeat = batch.header.keysMayRepeat
    try batch.withEntries { entries in
      var isFirst = true
      while true {
        let next = try entries.next()
        if isFirst, let change = entries.schemaChange { try follow(change) }
        isFirst = false
        guard let entry = next else { break }
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
          tables[table.id] = [:]
          continue
        }
        if !mayRepeat, !seen.insert([.integer(table.id.rawValue)] + key).inserted {
          throw Wrong(description: "a key of table \(table.name) comes twice in a group that says it does not")
        }
      }
    }
  }

  private mutating func follow(_ text: String) throws {
    let change = try JSONDecoder().decode(SchemaChange.self, from: Data(text.utf8))
    for step in change.steps {
      switch step.action {
      case .copied: break
      case .held, .removed: tables[step.table] = nil
      case .altered(let changes):
        guard let old = shapes[step.table], let new = change.tables.first(where: { $0.id == step.table }) else {
          throw Wrong(description: "table \(step.name) is altered and not known")
        }
        let images = (tables[step.table] ?? [:]).values.map { Self.altered($0, old, new, changes) }
        tables[step.table] = Dictionary(uniqueKeysWithValues: images.map { (Self.key($0, new.keyPositions), $0) })
      }
    }
    for table in change.tables { shapes[table.id] = table }
  }

  private static func altered(
    _ image: [Value], _ old: SourceTable, _ new: SourceTable, _ changes: [TableChange]
  ) -> [Value] {
    var values = Dictionary(uniqueKeysWithValues: zip(old.imageColumns, image))
    for change in changes {
      switch change {
      case .added(let column, let value): values[column] = value
      case .renamedColumn(let from, let to): values[to] = values.removeValue(forKey: from)
      case .dropped(let column): values[column] = nil
      case .renamed, .indexes: continue
      }
    }
    return new.imageColumns.map { values[$0] ?? .text("missing") }
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
