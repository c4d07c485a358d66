import Glibc
import Model
import Postgres
import SQLite
import TestSupport
import Testing

@testable import Dialect

/// The views of real databases give the same rows in both stores.
@Suite(
  .enabled(if: TestServer.isThere, "DATABASE_URL names no server"),
  .enabled(if: SampleData.isThere, "there are no sample databases in CHANGEOVER_TEST_DATA or ../shared/data"))
struct RealViewTests {

  @Test func `the views of Northwind`() throws {
    #expect(try refusals("northwind.sqlite") == ["Invoices": "a computation with text"])
  }

  /// Its views were written for MySQL, and SQLite cannot run them.
  @Test func `the views of Sakila`() throws {
    let refused = try refusals("sakila.db")
    #expect(refused["customer_list"] == "SQLite 3.40 has no function concat()")
    #expect(!refused.keys.contains("sales_by_film_category"))
    #expect(refused.count == 6)
  }

  /// Builds the tables and all views that translate, compares their rows, and gives the reasons for the others.
  private func refusals(_ file: String) throws -> [String: String] {
    let database = try Database(path: SampleData.folder + "/" + file, access: .readOnly)
    var server = try TestServer.connect()
    try server.execute("SET TIME ZONE 'UTC'")
    var relations: [Relation] = []
    var tables: [String] = []
    try database.forEach("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
      tables.append($0.string(0) ?? "")
    }
    for table in tables { relations.append(try Self.copy(table, database, &server)) }
    var views: [String: String] = [:]
    try database.forEach("SELECT name, sql FROM sqlite_schema WHERE type = 'view'") {
      views[$0.string(0) ?? ""] = $0.string(1) ?? ""
    }
    var refused: [String: String] = [:]
    var isMoving = true
    while isMoving {
      isMoving = false
      for (name, sql) in views {
        do {
          let view = try Parser.createView(sql)
          let translation = try ViewTranslation(view, sql: PostgresText.identifier(name), relations: relations)
          try server.execute(translation.sql.replacing("CREATE VIEW", with: "CREATE TEMPORARY VIEW"))
          try Self.compare(translation.relation, database, &server)
          relations.append(translation.relation)
          views[name] = nil
          refused[name] = nil
          isMoving = true
        } catch let error as Untranslatable {
          refused[name] = error.reason
        }
      }
    }
    return refused
  }

  private static func copy(
    _ table: String, _ database: borrowing Database, _ server: inout Connection
  ) throws -> Relation {
    var columns: [ScopeColumn] = []
    var key: [String] = []
    let quoted = PostgresText.identifier(table)
    try database.forEach("SELECT name, type, pk FROM pragma_table_info(?1)", [.text(table)]) {
      let (name, declared) = ($0.string(0) ?? "", $0.string(1) ?? "")
      let affinity = Affinity(declared: declared)
      if $0.integer(2) > 0 { key.append(name) }
      let kind: ValueKind =
        switch affinity {
        case .integer: .bigint
        case .text: .text
        case .blob: .bytea
        case .real: .double(.real)
        case .numeric: .numeric
        }
      columns.append(ScopeColumn(name, kind, affinity: affinity))
    }
    for index in columns.indices where columns[index].kind == .numeric {
      let column = PostgresText.identifier(columns[index].name)
      let sample = try database.string("SELECT max(\(column)) FROM \(quoted) WHERE typeof(\(column)) = 'text'")
      if let form = sample.flatMap(CalendarText.init)?.form {
        columns[index].kind = .timestamp(.text(form))
      } else if sample != nil {
        columns[index].kind = .text
      }
    }
    let list = columns.map {
      "\($0.sql) \($0.kind.castName ?? "text")\($0.kind.isText ? " COLLATE \"C\"" : "")"
    }
    try server.execute("CREATE TEMPORARY TABLE \(quoted) (\(list.joined(separator: ", ")))")
    if !key.isEmpty {
      let names = key.map(PostgresText.identifier).joined(separator: ", ")
      try server.execute("ALTER TABLE \(quoted) ADD PRIMARY KEY (\(names))")
    }
    var rows: [String] = []
    try database.forEach("SELECT * FROM \(quoted)") { statement in
      let cells = columns.indices.map { column in
        switch statement.value(column) {
        case .null: "NULL"
        case .blob(let bytes): Translation.blob(bytes).sql
        case .text(let bytes): PostgresText.literal(String(decoding: bytes, as: UTF8.self))
        case let number: "'\(Self.text(number))'"
        }
      }
      rows.append("(\(cells.joined(separator: ", ")))")
    }
    for start in stride(from: 0, to: rows.count, by: 500) {
      let some = rows[start..<min(start + 500, rows.count)].joined(separator: ", ")
      try server.execute("INSERT INTO \(quoted) VALUES \(some)")
    }
    return Relation(name: table, sql: quoted, columns: columns, key: key)
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .null: "NULL"
    case .integer(let integer): String(integer)
    case .real(let bits): "\(Double(bitPattern: bits))"
    case .text(let bytes), .blob(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The rows as text, numbers to nine digits: sums depend on the order of their terms.
  private static func compare(
    _ view: Relation, _ database: borrowing Database, _ server: inout Connection
  ) throws {
    func rounded(_ text: String) -> String {
      guard let number = Double(text) else { return text }
      return "\((number * 1e6).rounded() / 1e6)"
    }
    var mine: [String] = []
    try database.forEach("SELECT * FROM \(view.sql)") { statement in
      mine.append(view.columns.indices.map { rounded(text(statement.value($0))) }.joined(separator: "|"))
    }
    let translator = Translator(purpose: .view, relations: [])
    let list = try view.columns.map { column -> String in
      let value = Translator.translation(of: column)
      return column.kind.timeStorage == nil ? "\(value.sql)::text" : try translator.text(value).sql
    }
    let result = try server.query("SELECT \(list.joined(separator: ", ")) FROM \(view.sql)")
    let theirs = try (0..<result.rowCount).map { row in
      try view.columns.indices.map { rounded(try result.stringOrNil(row, $0) ?? "NULL") }.joined(separator: "|")
    }
    #expect(mine.count == theirs.count, "\(view.name)")
    let difference = zip(mine.sorted(), theirs.sorted()).first { $0 != $1 }
    #expect(difference == nil, "\(view.name)")
    #expect(!mine.isEmpty, "\(view.name) has no rows")
  }
}

/// Public sample databases, which are no part of the repository.
private enum SampleData {
  static let folder =
    getenv("CHANGEOVER_TEST_DATA").map { String(cString: $0) }
    ?? #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/../shared/data"
  static let isThere = access(folder + "/northwind.sqlite", R_OK) == 0
}
