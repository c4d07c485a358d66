import Capture
import Model
import SQLite
import TestSupport
import Testing

/// The source's part in switches.
struct SwitchTests {
  private let message = "this database has moved to \"PostgreSQL\", it's there"

  private func make() throws -> Database {
    let database = try Database(path: ":memory:", access: .create)
    try database.execute(
      """
      CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE); CREATE TABLE k (a TEXT PRIMARY KEY, b);
      CREATE TABLE stays (x); INSERT INTO users VALUES (1, 'a'), (2, 'b');
      """)
    return database
  }

  private func install(_ database: borrowing Database) throws -> SourceInstallation {
    let tables = try SourceCatalogue.read(database).tables.filter { $0.name != "stays" }
    return try SourceInstallation.install(tables, owner: .random(), in: database)
  }

  private func fence(_ database: borrowing Database, _ installation: SourceInstallation) throws -> RandomID {
    let switchID = RandomID.random()
    try database.transaction(.immediate) { try installation.fence(switchID: switchID, message: message, in: $0) }
    return switchID
  }

  private func refusal(_ database: borrowing Database, _ sql: String) -> String? {
    do throws(SQLiteError) {
      try database.execute(sql)
      return nil
    } catch { return error.message }
  }

  @Test func `what the source holds of a switch is read back`() throws {
    let database = try make()
    let installation = try install(database)
    #expect(installation.mark == SourceMark(phase: .syncing))
    let switchID = try fence(database, installation)
    #expect(try SourceInstallation.read(database)?.mark == SourceMark(phase: .switched, fence: switchID))
    let wayBack = RandomID.random()
    let position = Position(group: GroupNumber(7), sequence: ChangeNumber(90), nonce: 5)
    try database.transaction(.immediate) { try installation.open(wayBack: wayBack, at: position, in: $0) }
    #expect(try SourceInstallation.read(database)?.mark == SourceMark(phase: .syncing, wayBack: wayBack))
    let again = try fence(database, installation)
    #expect(
      try SourceInstallation.read(database)?.mark == SourceMark(phase: .switched, fence: again, wayBack: wayBack))
    try database.transaction(.immediate) { try installation.abandon(again, in: $0) }
    #expect(
      try SourceInstallation.read(database)?.mark
        == SourceMark(phase: .syncing, wayBack: wayBack, abandoned: again))
    #expect(refusal(database, "DELETE FROM users") == nil)
  }

  @Test func `opened again it logs what is written after the position, and nothing before it`() throws {
    let database = try make()
    let installation = try install(database)
    try database.execute("UPDATE users SET email = 'c' WHERE id = 1")
    _ = try fence(database, installation)
    let position = Position(group: GroupNumber(7), sequence: ChangeNumber(90), nonce: -5)
    try database.transaction(.immediate) { try installation.open(wayBack: .random(), at: position, in: $0) }
    #expect(try SourceInstallation.holds(position, in: database))
    try database.execute("INSERT INTO users VALUES (9, 'z'); REPLACE INTO k VALUES ('x', 1)")
    #expect(
      try database.string("SELECT group_concat(seq || ':' || k0) FROM _changeover_change WHERE seq > 90")
        == "91:9,92:x")
    #expect(
      try database.string("SELECT name FROM sqlite_schema WHERE name LIKE '%fence%' OR name LIKE '%guard%'") == nil)
  }

  @Test func `it is not opened at a position before its own changes`() throws {
    let database = try make()
    let installation = try install(database)
    try database.execute("UPDATE users SET email = email || 'c'")
    _ = try fence(database, installation)
    let position = Position(group: GroupNumber(1), sequence: ChangeNumber(2), nonce: 1)
    #expect(throws: Failure.self) {
      try database.transaction(.immediate) { try installation.open(wayBack: .random(), at: position, in: $0) }
    }
    #expect(refusal(database, "DELETE FROM users") == message)
  }

  /// Case 44.
  @Test(arguments: [
    ["DROP TABLE users", "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE)"],
    ["DROP TRIGGER _changeover_1_fence_insert"],
    ["CREATE TABLE younger (x)"], ["DROP VIEW _changeover_guard"],
  ])
  func `a fence that lost a part is seen, and made whole again`(statements: [String]) throws {
    let database = try make()
    let installation = try install(database)
    #expect(try installation.fenceIsWhole(in: database), "an open source needs none")
    _ = try fence(database, installation)
    #expect(try installation.fenceIsWhole(in: database))
    #expect(try installation.refence(in: database) == [])
    for statement in statements { try database.execute(statement) }
    #expect(try !installation.fenceIsWhole(in: database))
    #expect(try installation.refence(in: database).count == 1)
    #expect(try installation.fenceIsWhole(in: database))
    for table in ["users", "k"] + (statements == ["CREATE TABLE younger (x)"] ? ["younger"] : []) {
      #expect(refusal(database, "INSERT INTO \(table) DEFAULT VALUES") == message)
    }
    #expect(refusal(database, "INSERT INTO stays VALUES (1)") == nil, "it does not move and stays open")
    try database.transaction(.immediate) {
      try installation.open(
        wayBack: .random(), at: Position(group: GroupNumber(2), sequence: ChangeNumber(50), nonce: 1), in: $0)
    }
    #expect(refusal(database, "DELETE FROM users") == nil)
  }

  @Test(arguments: [
    "ALTER TABLE users RENAME TO old", "ALTER TABLE users RENAME email TO mail", "ALTER TABLE k DROP b",
  ])
  func `a rebuild of a fenced table stops at its RENAME and tells why`(statement: String) throws {
    let database = try make()
    let installation = try install(database)
    _ = try fence(database, installation)
    #expect(
      refusal(database, statement) == "error in view _changeover_guard: no such table: main.\(message)")
    #expect(try installation.fenceIsWhole(in: database))
  }
}
