import TestSupport

/// Makes statements over a schema: legal and illegal ones, with every conflict clause, on few values that often meet.
struct RandomScript {
  /// A table, its columns that may be written, and whether its rowid may be.
  struct Table {
    let name: String
    let columns: [String]
    var rowid: String?
  }

  static let schemas: [(sql: [String], tables: [Table])] = [
    (
      [
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x UNIQUE, y TEXT COLLATE NOCASE UNIQUE, z INT NOT NULL DEFAULT 2 UNIQUE)",
        "CREATE UNIQUE INDEX a1 ON a (lower(y), z) WHERE x > 1", "CREATE UNIQUE INDEX a2 ON a (x || '/' || z)",
        "CREATE TABLE b (k TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, x, y NUMERIC, UNIQUE (x, y)) WITHOUT ROWID",
      ],
      [
        Table(name: "a", columns: ["id", "x", "y", "z"], rowid: "rowid"), Table(name: "b", columns: ["k", "x", "y"]),
      ]
    ),
    (
      [
        "CREATE TABLE a (x NOT NULL, y TEXT NOT NULL DEFAULT 'a', z UNIQUE, PRIMARY KEY (x, y))",
        "CREATE UNIQUE INDEX a1 ON a (z COLLATE RTRIM, y COLLATE NOCASE)",
        "CREATE TABLE b (x, y UNIQUE ON CONFLICT REPLACE, z INT)",
        "CREATE UNIQUE INDEX b1 ON b (z + 1) WHERE z IS NOT NULL",
      ],
      [
        Table(name: "a", columns: ["x", "y", "z"], rowid: "rowid"),
        Table(name: "b", columns: ["x", "y", "z"], rowid: "oid"),
      ]
    ),
    (
      [
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x INT UNIQUE, y REAL)",
        """
        CREATE TABLE b (id INTEGER PRIMARY KEY, x INT REFERENCES a (x) ON UPDATE CASCADE ON DELETE SET NULL, y UNIQUE,
          z REFERENCES b (id) ON DELETE CASCADE, g TEXT AS (typeof(y) || x) UNIQUE)
        """,
        "CREATE TRIGGER ab AFTER UPDATE OF y ON a BEGIN INSERT OR REPLACE INTO b (x, y) VALUES (NEW.x, NEW.y); END",
        "CREATE TRIGGER bb BEFORE INSERT ON b WHEN NEW.y = 3 BEGIN UPDATE OR IGNORE b SET y = 3 WHERE id = 1; END",
        "CREATE TRIGGER bu AFTER UPDATE OF x ON b WHEN abs(NEW.id) % 3 = 0 BEGIN SELECT RAISE(FAIL, 'own'); END",
        "CREATE TRIGGER bd AFTER DELETE ON b WHEN OLD.y IS NULL BEGIN SELECT RAISE(FAIL, 'own'); END",
      ],
      [
        Table(name: "a", columns: ["id", "x", "y"], rowid: "_rowid_"),
        Table(name: "b", columns: ["id", "x", "y", "z"]),
      ]
    ),
    (
      [
        "CREATE TABLE a (k INT NOT NULL, l NOT NULL, x TEXT, PRIMARY KEY (k, l)) WITHOUT ROWID",
        "CREATE UNIQUE INDEX a1 ON a (l, x COLLATE NOCASE DESC)",
        "CREATE TABLE b (rowid ANY, _rowid_ ANY UNIQUE, x ANY NOT NULL UNIQUE) STRICT",
        "CREATE TABLE c (x, y, z)",
      ],
      [
        Table(name: "a", columns: ["k", "l", "x"]), Table(name: "b", columns: ["rowid", "_rowid_", "x"], rowid: "oid"),
        Table(name: "c", columns: ["x", "y", "z"], rowid: "rowid"),
      ]
    ),
  ]

  private static let values = [
    "NULL", "0", "1", "2", "3", "4", "1", "2", "3", "1.0", "2.5", "-0.0", "'1'", "'a'", "'A'", "'a '", "'b'", "'B'",
    "''",
    "x'61'", "x'31'", "x''", "'3'", "'ab'", "9007199254740993", "9007199254740992.0",
  ]
  private static let clauses = [
    "", "", "OR REPLACE", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR ABORT", "OR FAIL", "OR ROLLBACK",
  ]

  private let tables: [Table]
  private var random: SeededRandom
  private var depth = 0

  init(tables: [Table], random: SeededRandom) {
    self.tables = tables
    self.random = random
  }

  mutating func next() -> String {
    let table = random.pick(tables)
    switch random.below(20) {
    case 0..<8: return insert(table)
    case 8..<13: return update(table)
    case 13..<15: return "DELETE FROM \(table.name)\(condition(table))"
    case 15: return upsert(table)
    case 16:
      let list = table.columns.joined(separator: ", ")
      let shuffled = table.columns.map { random.isOne(in: 3) ? value($0, table) : $0 }.joined(separator: ", ")
      return "INSERT \(random.pick(Self.clauses)) INTO \(table.name) (\(list)) SELECT \(shuffled) FROM \(table.name)"
    default: return transaction()
    }
  }

  private mutating func insert(_ table: Table) -> String {
    var columns = table.columns.filter { _ in !random.isOne(in: 4) }
    if let rowid = table.rowid, random.isOne(in: 4), !columns.contains("id") { columns.append(rowid) }
    if columns.isEmpty { return "INSERT \(random.pick(Self.clauses)) INTO \(table.name) DEFAULT VALUES" }
    let rows = (0...random.below(3)).map { _ in "(\(columns.map { value($0, table) }.joined(separator: ", ")))" }
    return "INSERT \(random.pick(Self.clauses)) INTO \(table.name) (\(columns.joined(separator: ", "))) "
      + "VALUES \(rows.joined(separator: ", "))"
  }

  private mutating func upsert(_ table: Table) -> String {
    let action = random.isOne(in: 3) ? "NOTHING" : "UPDATE SET \(assignment(table, "excluded."))"
    return insert(table).replacing("DEFAULT VALUES", with: "VALUES (1)") + " ON CONFLICT DO \(action)"
  }

  private mutating func update(_ table: Table) -> String {
    let assignments = (0...random.below(2)).map { _ in assignment(table, "") }.joined(separator: ", ")
    return "UPDATE \(random.pick(Self.clauses)) \(table.name) SET \(assignments)\(condition(table))"
  }

  private mutating func assignment(_ table: Table, _ source: String) -> String {
    let column = random.isOne(in: 6) ? table.rowid ?? table.columns[0] : random.pick(table.columns)
    switch random.below(5) {
    case 0: return "\(column) = \(column) + 1"
    case 1 where !isRowid(column, table): return "\(column) = \(source)\(random.pick(table.columns))"
    case 2 where !isRowid(column, table): return "\(column) = upper(\(column))"
    default: return "\(column) = \(value(column, table))"
    }
  }

  /// A rowid gets only integers: SQLite leaves half a statement where another value ends it.
  private mutating func value(_ column: String, _ table: Table) -> String {
    isRowid(column, table) ? "\(random.below(7) - 1)" : random.pick(Self.values)
  }

  private func isRowid(_ column: String, _ table: Table) -> Bool { column == "id" || column == table.rowid }

  private mutating func condition(_ table: Table) -> String {
    switch random.below(4) {
    case 0: ""
    case 1: " WHERE \(random.pick(table.columns)) IS \(random.pick(Self.values))"
    case 2: " WHERE \(random.pick(table.columns)) > \(random.pick(Self.values))"
    default: " WHERE \(random.pick(table.columns)) IN (\(random.pick(Self.values)), \(random.pick(Self.values)))"
    }
  }

  /// BEGIN, savepoints and their ends, also where none is open.
  private mutating func transaction() -> String {
    random.pick(["BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s"])
  }
}
