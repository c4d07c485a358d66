import Dialect
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Settings of the database and of the application's connections.
@Suite struct SettingTests {
  private static let schema = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, n INT)", "CREATE TABLE k (k COLLATE NOCASE PRIMARY KEY, v)",
    "CREATE TABLE open (a, b)", "CREATE UNIQUE INDEX i ON t (lower(a), n) WHERE n > 1",
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)", "INSERT INTO k VALUES ('Ü', 'ü'), (1, NULL)",
  ]

  private static let steps: [Step] = [
    "INSERT OR REPLACE INTO t VALUES (3, 'a', 3)", "INSERT OR REPLACE INTO t VALUES (4, 'B', 2)",
    "UPDATE t SET id = 7, a = 'Zoë 🐘' WHERE id = 3", "INSERT OR REPLACE INTO k VALUES ('ü', x'00ff'), (1.0, -0.0)",
    "UPDATE k SET k = 'Key'", "UPDATE OR REPLACE k SET k = 'KEY', v = 'e\u{301}'",
    "INSERT INTO open VALUES ('', x''), (NULL, 9.5e-300)", "DELETE FROM open WHERE a = ''", "DELETE FROM t",
  ]

  /// Case 14.
  @Test func `a writer that trusts no schema is captured`() throws {
    var scenario = Scenario(pragmas: ["PRAGMA trusted_schema = OFF"])
    scenario.schema = Self.schema
    try scenario.expectCaptured(Self.steps.filter { !$0.sql.hasPrefix("UPDATE k SET k = 'Key'") })
  }

  /// Case 14.
  @Test func `a defensive writer is captured`() throws {
    let bench = try Bench(Self.schema)
    let writer = try OwnConnection(path: bench.path, pragmas: ["PRAGMA trusted_schema = OFF"])
    try writer.database.setDefensive()
    for step in Self.steps {
      _ = try writer.run(step.sql)
      try bench.capture()
      try bench.expectInStep(step.sql)
    }
  }

  /// Case 14.
  @Test func `triggers call nothing that an old library lacks`() throws {
    let bench = try Bench([
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b NOT NULL DEFAULT 7 UNIQUE)",
      "CREATE UNIQUE INDEX i ON t (lower(a), b + 1) WHERE length(a) > 1",
      "CREATE TABLE k (k COLLATE RTRIM PRIMARY KEY, v)",
    ])
    for table in bench.installation.tables {
      for trigger in TriggerSet(for: table, logsEarly: true).triggers {
        let tokens = SQLTokenizer.tokens(of: trigger.sql)
        let called = zip(tokens, tokens.dropFirst()).filter { $0.kind == .word && $1.isSymbol("(") }.map { $0.0.text }
        let words: Set = ["_changeover_change", "VALUES", "CAST", "IN", "AND", "WHERE", "FROM", "THEN"]
        let ofIndexes: Set = ["lower", "length"]
        #expect(
          Set(called).subtracting(words).subtracting(ofIndexes).isSubset(of: ["random", "typeof"]), "\(trigger.sql)")
      }
    }
  }

  /// Case 19.
  @Test(arguments: ["UTF-16le", "UTF-16be"]) func `a UTF-16 database is captured`(encoding: String) throws {
    var scenario = Scenario(applications: [.inProcess, .python])
    scenario.schema = ["PRAGMA encoding = '\(encoding)'"] + Self.schema
    try scenario.expectCaptured(Self.steps.filter { !$0.sql.hasPrefix("UPDATE k SET k = 'Key'") })
  }

  /// Case 18.
  @Test(arguments: ["delete", "truncate", "persist", "memory", "off"])
  func `rollback-journal modes are captured`(mode: String) throws {
    var scenario = Scenario(journalMode: mode, applications: [.inProcess, .python])
    scenario.schema = Self.schema
    try scenario.expectCaptured(Self.steps.filter { !$0.sql.hasPrefix("UPDATE k SET k = 'Key'") })
  }

  /// Case 18.
  @Test func `the journal mode may change on the way`() throws {
    let bench = try Bench(Self.schema, journalMode: "delete")
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    for mode in ["truncate", "wal", "wal"] {
      #expect(try writer.run("PRAGMA journal_mode = \(mode)").error == "")
      _ = try writer.run("INSERT INTO open VALUES ('\(mode)', 1)")
      try bench.capture()
      try bench.expectInStep(mode)
    }
  }

  /// Case 18.
  @Test func `an exclusive lock for good is a clear error`() throws {
    let bench = try Bench(Self.schema, journalMode: "delete")
    let holder = try OwnConnection(path: bench.path, pragmas: ["PRAGMA locking_mode = EXCLUSIVE"])
    bench.database.setBusyPatience(milliseconds: 5)
    #expect(try holder.run("INSERT INTO open VALUES (1, 1)").error == "")
    let error = #expect(throws: SQLiteError.self) { try bench.capture() }
    #expect(error?.failure(path: bench.path).status == .tryAgain)
    #expect(error?.failure(path: bench.path).remedy.contains("locking_mode=EXCLUSIVE") == true)
  }

  /// Case 18.
  @Test func `an exclusive lock on a WAL database that was there before us is a clear error`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("shop.db")
    let holder = try Database(path: path, access: .create)
    for pragma in ["locking_mode = EXCLUSIVE", "journal_mode = WAL"] { _ = try holder.scalar("PRAGMA \(pragma)") }
    try holder.execute("CREATE TABLE t (a)")
    let database = try Database(path: path, access: .readWrite)
    database.setBusyPatience(milliseconds: 5)
    let error = #expect(throws: SQLiteError.self) { try SourceCatalogue.read(database) }
    #expect(error?.failure(path: path).status == .tryAgain)
  }

  /// Case 18.
  @Test func `no read transaction outlives a capture, so that the log can be truncated`() throws {
    let bench = try Bench(Self.schema)
    let writer = try OwnConnection(path: bench.path, pragmas: ["PRAGMA wal_autocheckpoint = 0"])
    for number in 0..<5 {
      _ = try writer.run("INSERT INTO open VALUES (\(number), 1)")
      try bench.capture()
      #expect(try bench.hasNews() == false)
      // Busy or not, frames in the log, frames checkpointed.
      #expect(
        try writer.run("PRAGMA wal_checkpoint(TRUNCATE)").rows == "\([[Value.integer(0), .integer(0), .integer(0)]])")
    }
    try bench.expectInStep()
  }

  /// Case 19.
  @Test func `virtual tables and their shadows are left out, and said so`() throws {
    let schema = [
      "CREATE TABLE docs (id INTEGER PRIMARY KEY, title TEXT, body TEXT)",
      "CREATE VIRTUAL TABLE search USING fts5 (title, body, content = docs, content_rowid = id)",
      "CREATE VIRTUAL TABLE places USING rtree (id, x0, x1)",
      """
      CREATE TRIGGER docs_ai AFTER INSERT ON docs BEGIN
        INSERT INTO search (rowid, title, body) VALUES (NEW.id, NEW.title, NEW.body);
      END
      """,
      "CREATE VIEW titles AS SELECT title FROM docs", "CREATE TABLE search_log (q)",
    ]
    let bench = try Bench(schema)
    #expect(bench.installation.tables.map(\.name) == ["docs", "search_log"])
    let reasons = Dictionary(uniqueKeysWithValues: bench.leftOut.map { ($0.name, $0.reason) })
    #expect(reasons["search"] == "virtual table")
    #expect(reasons["places"] == "virtual table")
    #expect(
      reasons.filter { $0.value == "shadow table of a virtual table" }.keys.sorted() == [
        "places_node", "places_parent", "places_rowid", "search_config", "search_data", "search_docsize", "search_idx",
      ])
    var scenario = Scenario()
    scenario.schema = schema
    try scenario.expectCaptured(
      "INSERT INTO docs (title, body) VALUES ('one', 'a b c'), ('two', 'c d')", "INSERT INTO places VALUES (1, 0, 1)",
      "INSERT INTO search (search) VALUES ('rebuild')",
      "SELECT rowid FROM search WHERE search MATCH 'c' ORDER BY rowid",
      "INSERT INTO search_log VALUES ('c')", "UPDATE docs SET body = 'e'", "DELETE FROM places")
  }

  /// Case 19.
  @Test func `generated columns are captured with their values`() throws {
    try Scenario(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, v TEXT AS (a || '!'), s REAL GENERATED ALWAYS AS (a * 1.5) STORED)
      """,
      "CREATE TABLE k (a INT, g TEXT NOT NULL AS (a || 'k') STORED UNIQUE)", "CREATE TABLE h (a, g AS (typeof(a)))",
      "INSERT INTO t (a) VALUES (1), (NULL), ('x')", "INSERT INTO k VALUES (1), (2)", "INSERT INTO h VALUES (1), ('x')"
    ).expectCaptured(
      "INSERT INTO t (a) VALUES (2), (2.5)", "UPDATE t SET a = 7 WHERE id = 1", "DELETE FROM t WHERE a IS NULL",
      "INSERT OR REPLACE INTO k VALUES (2)", "UPDATE OR REPLACE k SET a = 2", "INSERT INTO h VALUES (x'00')",
      "UPDATE h SET a = NULL")
  }

  /// Case 20.
  @Test func `a collation and a function that only the application has`() throws {
    let directory = try TemporaryDirectory()
    let python = try PythonProcess()
    let writer = try python.connect(path: directory.file("shop.db"), pragmas: ["PRAGMA journal_mode = WAL"])
    func run(_ sql: String) throws { #expect(try writer.run(sql).error == "", "\(sql)") }
    for sql in [
      "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT COLLATE mine UNIQUE, other TEXT CHECK (shout(other) <> 'NO!'))",
      "CREATE TABLE b (name TEXT COLLATE mine PRIMARY KEY, v)",
      "CREATE TABLE c (name TEXT COLLATE mine PRIMARY KEY, v) WITHOUT ROWID",
      "CREATE TABLE d (id INTEGER PRIMARY KEY, v)", "CREATE UNIQUE INDEX di ON d (shout(v))",
      "CREATE TABLE e (id INTEGER PRIMARY KEY, v, loud AS (shout(v)))",
      "INSERT INTO a VALUES (1, 'a', 'x'), (2, 'b', 'y')", "INSERT INTO b VALUES ('a', 1), ('b', 2)",
    ] {
      try run(sql)
    }
    let bench = try Bench(in: directory)
    #expect(bench.installation.tables.map(\.name) == ["a", "b", "d"])
    #expect(bench.leftOut.map(\.name) == ["c", "e"])
    for sql in [
      "INSERT OR REPLACE INTO a VALUES (3, 'A', 'z')", "UPDATE OR REPLACE a SET name = 'B' WHERE id = 3",
      "INSERT OR REPLACE INTO b VALUES ('A', 3)", "UPDATE OR REPLACE b SET name = 'B' WHERE name = 'a'",
      "DELETE FROM b WHERE name = 'b'", "INSERT INTO d VALUES (1, 'x'), (2, 'y')", "UPDATE d SET v = 'z' WHERE id = 1",
      "INSERT INTO c VALUES ('x', 1)", "DELETE FROM d",
    ] {
      try run(sql)
      try bench.capture()
      try bench.expectInStep(sql)
    }
    #expect(try writer.run("INSERT INTO a VALUES (9, 'z', 'no')").error != "")
  }
}
