import FoundationEssentials
import Model
import SQLite
import TriggerTemplates

/// The fence of a closed source, seen as something that may be damaged: it is made of triggers, and DDL takes them away
/// with their table.
enum Fence {
  /// What is missing of it, by the name of a table or of the guard, and the statements that bring it back.
  struct Gap {
    var name: String
    var creation: [String]
  }

  /// A rebuild of a table ends with a RENAME that checks every view: this one makes it fail, and tells why in what it
  /// names.
  static func guardView(_ message: String) -> String {
    TriggerTemplate.fenceGuard.fill([
      "view": SQLiteText.identifier(SourceNames.fenceGuard), "message": SQLiteText.identifier(message),
    ])
  }

  /// Tables that do not move stay open; those that come later do not.
  static func rememberOpenTables(besides tables: [SourceTable], in database: borrowing Database) throws {
    let open = try standingTables(in: database).subtracting(tables.map(\.name)).sorted()
    let text = String(decoding: try JSONEncoder().encode(open), as: UTF8.self)
    try SourceInstallation.set("open_tables", .text(text), in: database)
  }

  /// Empty where the source is open.
  static func gaps(in installation: SourceInstallation, _ database: borrowing Database) throws -> [Gap] {
    let settings = try SourceInstallation.settings(in: database)
    guard SourceMark(settings).fence != nil, case .text(let bytes)? = settings["fence_message"] else { return [] }
    let message = String(decoding: bytes, as: UTF8.self)
    var standing: [Value: Value] = [:]
    try database.forEach("SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')") {
      standing[$0.value(0)] = $0.value(1)
    }
    let present = try standingTables(in: database)
    var gaps: [Gap] = []
    func look(_ table: String, _ fence: [Trigger]) {
      guard fence.contains(where: { standing[.text($0.name)] != .text($0.sql) }) else { return }
      let creation = fence.flatMap { ["DROP TRIGGER IF EXISTS \(SQLiteText.identifier($0.name))", $0.sql] }
      gaps.append(Gap(name: table, creation: creation))
    }
    for table in installation.tables where present.contains(table.name) {
      look(table.name, TriggerSet.fence(for: table, message: message))
    }
    let known = Set(installation.tables.map(\.name)).union(openTables(settings))
    for table in present.subtracting(known).sorted() {
      look(table, TriggerSet.fence(forNew: table, message: message))
    }
    if standing[.text(SourceNames.fenceGuard)] == nil {
      gaps.append(Gap(name: SourceNames.fenceGuard, creation: [guardView(message)]))
    }
    return gaps
  }

  private static func openTables(_ settings: [String: Value]) -> [String] {
    guard case .text(let bytes)? = settings["open_tables"] else { return [] }
    return (try? JSONDecoder().decode([String].self, from: Data(bytes))) ?? []
  }

  /// The application's ordinary tables: on others there are no triggers.
  private static func standingTables(in database: borrowing Database) throws -> Set<String> {
    var names: Set<String> = []
    try database.forEach("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'") {
      guard let name = $0.string(0), !name.hasPrefix(SourceNames.prefix), !name.hasPrefix("sqlite_") else { return }
      names.insert(name)
    }
    return names
  }
}

extension SourceInstallation {
  /// Whether nothing is missing of the fence of a closed source; true for an open one.
  package func fenceIsWhole(in database: borrowing Database) throws -> Bool {
    try Fence.gaps(in: self, database).isEmpty
  }

  /// Makes the fence whole again, over new tables too, in a transaction of its own; returns the names of the tables
  /// (or of the guard) that lacked it.
  package func refence(in database: borrowing Database) throws -> [String] {
    try database.transaction(.immediate) { database in
      let gaps = try Fence.gaps(in: self, database)
      for gap in gaps { for statement in gap.creation { try database.execute(statement) } }
      return gaps.map(\.name)
    }
  }
}
