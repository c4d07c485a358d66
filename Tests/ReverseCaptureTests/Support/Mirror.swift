import Journal
import Model

/// What reverse groups add up to: every table as a dictionary from key to row, values as they were sent.
struct Mirror: Equatable {
  typealias Row = [String: Value]

  private(set) var tables: [String: [[Value]: Row]] = [:]

  struct Wrong: Error, CustomStringConvertible { let description: String }

  subscript(table: String) -> [[Value]: Row] { tables[table] ?? [:] }

  mutating func apply(_ group: JournalGroup, of journal: JournalDirectory) throws {
    var seen: Set<[Value]> = []
    for part in group.parts {
      try journal.batch(part).withEntries { entries in
        while let entry = try entries.next() {
          let table = entry.table
          switch entry {
          case .upsert:
            var values: [Value] = []
            for _ in table.columns { values.append(try entries.value().owned) }
            let key = Self.key(table.keyPositions.map { values[$0] })
            try note(key, of: table, in: &seen)
            // A column that the batch does not declare keeps what it had.
            for (column, value) in zip(table.columns, values) {
              tables[table.name, default: [:]][key, default: [:]][column] = value
            }
          case .delete:
            var key: [Value] = []
            for _ in table.keyPositions { key.append(try entries.value().owned) }
            key = Self.key(key)
            try note(key, of: table, in: &seen)
            tables[table.name, default: [:]][key] = nil
          case .replaceTable:
            tables[table.name] = [:]
          }
        }
      }
    }
  }

  /// No store takes 0.0 and −0.0 for two keys.
  static func key(_ values: [Value]) -> [Value] {
    values.map { $0 == .blob([0x80, 0, 0, 0, 0, 0, 0, 0]) ? .blob([UInt8](repeating: 0, count: 8)) : $0 }
  }

  private func note(_ key: [Value], of table: JournalTable, in seen: inout Set<[Value]>) throws {
    guard seen.insert([.text(table.name)] + key).inserted else {
      throw Wrong(description: "a key of table \(table.name) comes twice in a group")
    }
  }
}
