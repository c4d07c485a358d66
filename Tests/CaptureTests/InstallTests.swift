import FoundationEssentials
import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Installing into a source that is in use, and leaving it again.
@Suite struct InstallTests {
  private static let schema = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE COLLATE NOCASE, age INT CHECK (age > 0))",
    "CREATE TABLE k (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID", "CREATE TABLE open (a, b)",
    "CREATE UNIQUE INDEX i ON users (lower(email)) WHERE age > 1", "CREATE INDEX plain ON open (a)",
    "CREATE VIEW v AS SELECT * FROM users",
    "CREATE TRIGGER own AFTER INSERT ON users BEGIN INSERT INTO open VALUES (NEW.id, 1); END",
    "INSERT INTO users VALUES (1, 'a', 5), (9, 'b', NULL)", "INSERT INTO k VALUES ('x', 1)",
    "DELETE FROM users WHERE id = 9",
    "ANALYZE",
  ]

  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("shop.db")
  }

  private func make(_ schema: [String] = schema, journalMode: String = "wal") throws -> Database {
    let database = try Database(path: path, access: .create)
    try Bench.prepare(database, schema, journalMode: journalMode)
    return database
  }

  /// Everything that the file says of itself and of the application's rows.
  private func contents(_ database: borrowing Database) throws -> [String] {
    var lines: [String] = []
    func read(_ sql: String) throws {
      try database.forEach(sql) { row in lines.append("\((0..<row.columnCount).map { row.value($0) })") }
    }
    try read("SELECT type, name, tbl_name, sql FROM sqlite_schema")
    for table in ["users", "k", "open", "sqlite_sequence"] { try read("SELECT * FROM \(table)") }
    try read("SELECT * FROM sqlite_stat1 ORDER BY 1, 2")
    return lines
  }

  private func install(_ database: borrowing Database) throws -> SourceInstallation {
    try SourceInstallation.install(SourceCatalogue.read(database).tables, owner: .random(), in: database)
  }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do {
      try body()
      return nil
    } catch {
      return error as? Failure
    }
  }

  private static let ours = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_changeover\\_%' ESCAPE '\\'"

  @Test(arguments: ["wal", "delete"]) func `uninstalling leaves the source as it was`(mode: String) throws {
    let database = try make(journalMode: mode)
    let before = try contents(database)
    _ = try install(database)
    #expect(try database.integer(Self.ours) > 10)
    // The application goes on, and looks at its statistics.
    try database.execute("INSERT INTO open VALUES (7, 7); DELETE FROM open WHERE a = 7; ANALYZE")
    try SourceInstallation.uninstall(database)
    #expect(try contents(database) == before)
    #expect(try database.string("PRAGMA integrity_check") == "ok")
    try SourceInstallation.uninstall(database)
    #expect(try contents(database) == before)
  }

  @Test func `installing twice is installing once`() throws {
    let database = try make()
    let first = try install(database)
    let second = try install(database)
    let read = try SourceInstallation.read(database)
    for again in [second, try #require(read)] {
      #expect(again.source == first.source)
      #expect(again.owner == first.owner)
      #expect(again.base == first.base)
      #expect(again.tables == first.tables)
      #expect(again.switchID == nil)
    }
    try SourceInstallation.uninstall(database)
    #expect(try SourceInstallation.read(database) == nil)
    #expect(try install(database).source != first.source)
  }

  @Test func `the smoke test leaves no trace`() throws {
    let database = try make()
    let installation = try install(database)
    #expect(try database.integer("SELECT count(*) FROM _changeover_change") == 1)
    #expect(installation.base.sequence == ChangeNumber(1))
    #expect(try database.integer("SELECT nonce FROM _changeover_change") == installation.base.nonce)
  }

  /// Case 21.
  @Test(arguments: [
    "CREATE TABLE _changeover_meta (name TEXT PRIMARY KEY, value)", "CREATE TABLE _changeover_meta (x)",
    "CREATE TABLE _changeover_change (seq INTEGER PRIMARY KEY)", "CREATE TABLE _Changeover_Meta (name, value)",
    "CREATE INDEX _changeover_i ON open (b)", "CREATE VIEW _changeover_meta AS SELECT 'format' AS name, 1 AS value",
    "CREATE TRIGGER _changeover_1_insert AFTER INSERT ON open BEGIN SELECT 1; END",
  ])
  func `objects of the application's that carry our names are refused`(sql: String) throws {
    let database = try make()
    try database.execute(sql)
    let before = try contents(database)
    let failure = failure { _ = try install(database) }
    #expect(failure?.status == .badData)
    #expect(failure?.remedy.contains("rename or drop") == true)
    #expect(try contents(database) == before)
  }

  /// Case 21.
  @Test func `names that only look like ours are let be`() throws {
    let database = try make(Self.schema + ["CREATE TABLE changeover_meta (a)", "CREATE TABLE \"_changeover-x\" (a)"])
    #expect(try install(database).tables.count == 5)
  }

  @Test func `an installation that fails half-way leaves nothing`() throws {
    let database = try make()
    let before = try contents(database)
    var tables = try SourceCatalogue.read(database).tables
    tables[tables.count - 1].name = "not there"
    #expect(throws: SQLiteError.self) {
      _ = try SourceInstallation.install(tables, owner: .random(), in: database)
    }
    #expect(try contents(database) == before)
    let isOpen = database.isInTransaction
    #expect(!isOpen)
  }

  @Test(arguments: ["ALTER TABLE open ADD COLUMN c", "CREATE UNIQUE INDEX late ON open (a)", "DROP TABLE k"])
  func `a schema that changed since it was read is not installed on`(sql: String) throws {
    let database = try make()
    let tables = try SourceCatalogue.read(database).tables
    try database.execute(sql)
    #expect(throws: (any Error).self) {
      _ = try SourceInstallation.install(tables, owner: .random(), in: database)
    }
    #expect(try database.integer(Self.ours) == 0)
    _ = try install(database)
  }

  @Test func `an installation of another format is refused`() throws {
    let database = try make()
    _ = try install(database)
    try SourceInstallation.set("format", .integer(99), in: database)
    #expect(failure { _ = try SourceInstallation.read(database) }?.message.contains("format 99") == true)
  }

  @Test func `another state directory can take the source over`() throws {
    let database = try make()
    let installation = try install(database)
    let owner = RandomID.random()
    try SourceInstallation.setOwner(owner, in: database)
    let read = try SourceInstallation.read(database)
    #expect(read?.owner == owner)
    #expect(read?.source == installation.source)
  }

  @Test(arguments: ["wal", "delete"]) func `an install that is killed leaves nothing`(mode: String) async throws {
    // So many tables that the install is still at work when it is seen.
    let many = (0..<100).map { "CREATE TABLE t\($0) (id INTEGER PRIMARY KEY, a UNIQUE, b UNIQUE)" }
    _ = try make(many, journalMode: mode)
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let database = try Database(path: path, access: .readWrite)
      // A small cache: half of it is already in the file, or in the log.
      try database.execute("PRAGMA cache_size = 10")
      let tables = try SourceCatalogue.read(database).tables
      let killer = try Background {
        let other = try Database(path: path, access: .readWrite)
        other.setBusyPatience(milliseconds: 0)
        while (try? other.execute("BEGIN IMMEDIATE; ROLLBACK")) != nil {}
        kill(getpid(), SIGKILL)
      }
      _ = try SourceInstallation.install(tables, owner: .random(), in: database)
      try killer.value()
    }
    let database = try Database(path: path, access: .readWrite)
    #expect(try database.integer(Self.ours) == 0)
    #expect(try database.string("PRAGMA integrity_check") == "ok")
    #expect(try install(database).tables.count == 100)
  }

  @Test(arguments: ["wal", "delete"]) func `writers go on while changeover installs, and none fails`(mode: String)
    throws
  {
    let others = (0..<50).map { "CREATE TABLE t\($0) (id INTEGER PRIMARY KEY, a UNIQUE)" }
    let schema = "CREATE TABLE written (id INTEGER PRIMARY KEY AUTOINCREMENT, writer TEXT, n INT)"
    _ = try make([schema] + others, journalMode: mode)
    let writers = try (0..<3).map { number in
      try Child(
        "python3",
        [
          SourcePath.support("writer.py"), path, "INSERT INTO written (writer, n) VALUES ('\(number)', ?)",
        ])
    }
    for writer in writers { #expect(try writer.line() == "writing") }
    let bench = try Bench(in: directory)
    let installed = try bench.database.integer("SELECT max(id) FROM written")
    try Deadline.wait(for: "writes after the install") {
      try bench.database.integer("SELECT max(id) FROM written") > installed + 50
    }
    var written: Int64 = 0
    for writer in writers {
      writer.closeInput()
      let report = try JSONDecoder().decode(WriterReport.self, from: Data((writer.line() ?? "").utf8))
      #expect(report.errors == [])
      written += report.written
    }
    #expect(try bench.database.integer("SELECT count(*) FROM written") == written)
    // In the order of the commits there is one point from which on every row is logged.
    let id = try bench.table("written").id.rawValue
    let first = try bench.database.integer("SELECT min(k0) FROM _changeover_change WHERE tbl = ?1", [.integer(id)])
    #expect(
      try bench.database.integer("SELECT count(*) FROM _changeover_change WHERE tbl = ?1", [.integer(id)])
        == bench.database.integer("SELECT count(*) FROM written WHERE id >= ?1", [.integer(first)]))
    #expect(first > 1 && first <= installed + 50)
    try bench.capture()
    try bench.expectInStep()
  }

  @Test func `the fence refuses every write, and uninstalling it`() throws {
    let database = try make()
    let installation = try install(database)
    let switchID = RandomID.random()
    try database.transaction(.immediate) {
      try installation.fence(switchID: switchID, message: "moved to \"PostgreSQL\", it's there", in: $0)
    }
    for sql in [
      "INSERT INTO open VALUES (1, 1)", "INSERT OR IGNORE INTO users VALUES (1, 'x', 1)",
      "REPLACE INTO k VALUES ('x', 1)",
      "INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING", "UPDATE OR IGNORE k SET b = 2", "DELETE FROM users",
    ] {
      let error = #expect(throws: SQLiteError.self) { try database.execute(sql) }
      #expect(error?.message == "moved to \"PostgreSQL\", it's there", "\(sql)")
    }
    let read = try SourceInstallation.read(database)
    #expect(read?.switchID == switchID)
    #expect(failure { try SourceInstallation.uninstall(database) }?.status == .checkFailed)
  }
}

/// The last line of writer.py.
struct WriterReport: Decodable {
  let written: Int64
  let errors: [String]
}
