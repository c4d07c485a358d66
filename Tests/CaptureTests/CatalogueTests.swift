import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// What the schema says of tables, keys and indexes.
@Suite struct CatalogueTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func read(
    _ sql: String..., selection: TableSelection = TableSelection()
  ) throws -> SourceCatalogue {
    let database = try Database(path: directory.file("shop.db"), access: .create)
    for statement in sql { try database.execute(statement) }
    return try SourceCatalogue.read(database, selection: selection)
  }

  @Test func `the key is the rowid's column, the primary key, a UNIQUE index or the rowid`() throws {
    let tables = try read(
      "CREATE TABLE a (id INTEGER PRIMARY KEY, u NOT NULL UNIQUE)", "CREATE TABLE b (id INT PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY DESC)", "CREATE TABLE d (x, y, PRIMARY KEY (y, x COLLATE NOCASE))",
      "CREATE TABLE e (x NOT NULL, y NOT NULL, z UNIQUE, UNIQUE (x, y), UNIQUE (y))",
      "CREATE TABLE f (x UNIQUE, y NOT NULL)",
      "CREATE UNIQUE INDEX f1 ON f (y) WHERE x > 1", "CREATE UNIQUE INDEX f2 ON f (lower(y))",
      "CREATE TABLE g (rowid, _ROWID_)", "CREATE TABLE h (k TEXT PRIMARY KEY) WITHOUT ROWID"
    ).tables
    func column(_ name: String, _ collation: String = "BINARY") -> IndexTerm {
      IndexTerm(subject: .column(name), collation: collation)
    }
    #expect(
      tables.map(\.key) == [
        .rowidColumn("id"), .columns([column("id")]),
        .columns([IndexTerm(subject: .column("id"), descending: true)]),
        .columns([column("y"), column("x", "NOCASE")]),
        .columns([column("y")]), .rowid(alias: "rowid"), .rowid(alias: "oid"), .columns([column("k")]),
      ])
    #expect(tables.map(\.isWithoutRowid) == [false, false, false, false, false, false, false, true])
    #expect(tables[3].keyPositions == [1, 0])
    #expect(tables[6].imageColumns == ["rowid", "_ROWID_", SourceTable.hiddenColumn])
  }

  @Test func `columns come with affinity, collation, default and origin`() throws {
    let table = try #require(
      try read(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR(20) NOT NULL DEFAULT 'x' COLLATE NOCASE, b, c FLOAT,
          d DECIMAL(10, 2) DEFAULT (1 + 2), e AS (a || b), f INT GENERATED ALWAYS AS (1) STORED, g CHARINT)
        """
      ).tables.first)
    #expect(table.isAutoincrement)
    #expect(table.columns.map(\.affinity) == [.integer, .text, .blob, .real, .numeric, .blob, .integer, .integer])
    #expect(
      table.columns[1]
        == SourceColumn(
          name: "a", declared: "VARCHAR(20)", affinity: .text, notNull: true, defaultExpression: "'x'",
          collation: "NOCASE"))
    #expect(table.columns[4].defaultExpression == "1 + 2")
    #expect(table.columns.map(\.isGenerated) == [false, false, false, false, false, true, true, false])
    #expect(try read("CREATE TABLE s (k ANY PRIMARY KEY, v TEXT) STRICT").tables.first?.columns[0].affinity == .blob)
  }

  @Test func `foreign keys come in their order`() throws {
    let keys = try read(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, x, y, UNIQUE (x, y))",
      """
      CREATE TABLE c (a REFERENCES p ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, b, c,
        FOREIGN KEY (b, c) REFERENCES p (x, y) ON UPDATE SET NULL)
      """
    ).tables[0].foreignKeys
    #expect(keys.map(\.columns) == [["a"], ["b", "c"]])
    #expect(keys.map(\.parentColumns) == [[], ["x", "y"]])
    #expect(keys.map(\.onDelete) == ["CASCADE", "NO ACTION"])
    #expect(keys.map(\.onUpdate) == ["NO ACTION", "SET NULL"])
    #expect(keys.map(\.isDeferred) == [true, false])
  }

  @Test(
    arguments: [
      ("CREATE INDEX i ON t (a)", ["a"], nil),
      (
        "CREATE UNIQUE INDEX \"i (x)\" ON [t (y)] (lower(a), b COLLATE NOCASE DESC) WHERE a > 1", ["lower(a)", "b"],
        "a > 1"
      ),
      (
        "CREATE INDEX i ON t(substr(a, 1, 2) COLLATE \"rtrim\" ASC,(b))where(a = ')' OR b IN (1, 2))",
        ["substr(a, 1, 2)", "(b)"], "(a = ')' OR b IN (1, 2))"
      ),
      ("CREATE INDEX i ON t (a /* one, two */ , -- three (\n b || ',')", ["a", "b || ','"], nil),
      ("CREATE INDEX i ON t ((a COLLATE NOCASE), \"collate\" DESC)", ["(a COLLATE NOCASE)", "\"collate\""], nil),
    ] as [(String, [String], String?)])
  func `an index's text falls into terms and predicate`(sql: String, terms: [String], predicate: String?) throws {
    let definition = try #require(IndexDefinition(sql: sql))
    #expect(definition.terms == terms)
    #expect(definition.predicate == predicate)
  }

  @Test func `tables are taken by pattern, and what stays out says why`() throws {
    let catalogue = try read(
      "CREATE TABLE users (id INTEGER PRIMARY KEY)", "CREATE TABLE user_log (id INTEGER PRIMARY KEY)",
      "CREATE TABLE Orders (id INTEGER PRIMARY KEY)", "CREATE TABLE other (id INTEGER PRIMARY KEY)",
      "CREATE VIEW v AS SELECT 1",
      selection: TableSelection(include: ["user*", "orders", "?"], exclude: ["*_LOG"]))
    #expect(catalogue.tables.map(\.name) == ["Orders", "users"])
    #expect(
      catalogue.leftOut == [
        .init(name: "other", reason: "not matched by any included pattern"),
        .init(name: "user_log", reason: "excluded by the pattern '*_LOG'"),
      ])
    #expect(catalogue.views == [SourceView(name: "v", sql: "CREATE VIEW v AS SELECT 1")])
  }

  @Test func `tables with triggers of the application's are named`() throws {
    let catalogue = try read(
      "CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TRIGGER g AFTER INSERT ON b BEGIN SELECT 1; END")
    #expect(catalogue.tablesWithOwnTriggers == ["b"])
  }

  /// Case 34: one key of a table may be deferred and another not.
  @Test func `each foreign key is deferred or not on its own`() throws {
    let catalogue = try read(
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      """
      CREATE TABLE c (a INTEGER REFERENCES p, b INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED, d INTEGER,
        FOREIGN KEY (d) REFERENCES p (id) DEFERRABLE INITIALLY IMMEDIATE)
      """)
    #expect(catalogue.tables.first?.foreignKeys.map(\.columns) == [["a"], ["b"], ["d"]])
    #expect(catalogue.tables.first?.foreignKeys.map(\.isDeferred) == [false, true, false])
  }
}
