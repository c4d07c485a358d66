import FoundationEssentials
import Glibc
import Model
import SQLite
import TestSupport
import Testing

@Suite struct DatabaseTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func make(_ name: String = "shop.db", _ sql: String = "CREATE TABLE t (a)") throws -> Database {
    let database = try Database(path: directory.file(name), access: .create)
    try database.execute(sql)
    return database
  }

  private func code<R: ~Copyable>(_ body: () throws -> R) -> SQLiteError? {
    do {
      _ = try body()
      return nil
    } catch {
      return error as? SQLiteError
    }
  }

  @Test func `a file that is missing is not created`() throws {
    let path = directory.file("missing.db")
    #expect(code { try Database(path: path, access: .readWrite) }?.failure(path: path).status == .unreachable)
    #expect(code { try Database(path: path, access: .readOnly) }?.failure(path: path).status == .unreachable)
    #expect(access(path, F_OK) != 0)
  }

  @Test func `a file that is no database says so`() throws {
    let path = directory.file("page.html")
    try Data(String(repeating: "<p>not a database</p>", count: 100).utf8).write(to: URL(filePath: path))
    let database = try Database(path: path, access: .readOnly)
    let error = code { try database.integer("SELECT count(*) FROM sqlite_schema") }
    #expect(error?.isNotADatabase == true)
    #expect(error?.failure(path: path).status == .badData)
  }

  @Test func `a read-only connection does not write`() throws {
    _ = try make()
    let database = try Database(path: directory.file("shop.db"), access: .readOnly)
    let error = code { try database.execute("INSERT INTO t VALUES (1)") }
    #expect(error?.isReadOnly == true)
    #expect(error?.failure(path: "shop.db").status == .configuration)
  }

  @Test func `an error names operation and message and carries the extended code`() throws {
    let database = try make("unique.db", "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES ('secret')")
    let error = code { try database.execute("INSERT INTO t VALUES ('secret')") }
    #expect(error?.isConstraint == true)
    #expect(error?.code == 2067)  // SQLITE_CONSTRAINT_UNIQUE
    #expect(error?.description == "run a statement: UNIQUE constraint failed: t.a (SQLite result code 2067)")
    #expect(code { try database.prepare("SELEKT 1") }?.isGenericError == true)
    #expect(code { try database.prepare("SELECT nothing FROM t") }?.operation == "prepare a statement")
  }

  @Test func `a statement that fails while it runs says why`() throws {
    let database = try make("unique.db", "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)")
    let insert = try database.prepare("INSERT INTO t VALUES (?1)")
    try insert.bind(.integer(1), at: 1)
    #expect(code { try insert.run() }?.isConstraint == true)
    try insert.bind(.integer(2), at: 1)
    try insert.run()
    #expect(try database.integer("SELECT count(*) FROM t") == 2)
  }

  @Test func `a lock is waited for as long as the patience lasts`() throws {
    let holder = try make()
    let waiter = try Database(path: directory.file("shop.db"), access: .readWrite)
    try holder.execute("BEGIN IMMEDIATE")
    for milliseconds in [0, 5, 60] {
      waiter.setBusyPatience(milliseconds: milliseconds)
      let started = ContinuousClock.now
      let error = code { try waiter.execute("BEGIN IMMEDIATE") }
      #expect(error?.isBusy == true)
      #expect(error?.failure(path: "shop.db").status == .tryAgain)
      #expect(started.duration(to: .now) >= .milliseconds(milliseconds))
    }
    try holder.execute("COMMIT")
    try waiter.execute("BEGIN IMMEDIATE; COMMIT")
  }

  @Test func `a waiter gets the lock when its holder lets go`() throws {
    let holder = try make()
    try holder.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
    let path = directory.file("shop.db")
    let waiting = StopSignal()
    let waiter = try Background {
      let database = try Database(path: path, access: .readWrite)
      database.setBusyPatience(milliseconds: 20_000)
      waiting.request()
      try database.execute("INSERT INTO t VALUES (2)")
    }
    try Deadline.wait(for: "the waiter") { waiting.isRequested }
    try holder.execute("COMMIT")
    try waiter.value()
    #expect(try holder.integer("SELECT count(*) FROM t") == 2)
  }

  @Test func `a transaction commits what its body did`() throws {
    let database = try make()
    let result = try database.transaction(.immediate) { database in
      try database.execute("INSERT INTO t VALUES (1)")
      let isOpen = database.isInTransaction
      #expect(isOpen)
      return 7
    }
    #expect(result == 7)
    let isOpen = database.isInTransaction
    #expect(!isOpen)
    #expect(try database.integer("SELECT count(*) FROM t") == 1)
  }

  @Test func `a transaction whose body throws leaves nothing`() throws {
    let database = try make()
    #expect(throws: Stopped.self) {
      try database.transaction(.immediate) { database in
        try database.execute("INSERT INTO t VALUES (1)")
        throw Stopped()
      }
    }
    let isOpen = database.isInTransaction
    #expect(!isOpen)
    #expect(try database.integer("SELECT count(*) FROM t") == 0)
  }

  @Test func `a transaction that SQLite rolled back by itself leaves the connection usable`() throws {
    let database = try make("rollback.db", "CREATE TABLE t (a UNIQUE ON CONFLICT ROLLBACK); INSERT INTO t VALUES (1)")
    let error = code {
      try database.transaction(.deferred) { try $0.execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)") }
    }
    #expect(error?.isConstraint == true)
    try database.execute("INSERT INTO t VALUES (3)")
    #expect(try database.integer("SELECT count(*) FROM t") == 2)
  }

  @Test func `a COMMIT that fails is rolled back`() throws {
    let database = try make(
      "deferred.db",
      """
      PRAGMA foreign_keys = ON; CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)
      """)
    let error = code { try database.transaction(.immediate) { try $0.execute("INSERT INTO c VALUES (1)") } }
    #expect(error?.isConstraint == true)
    let isOpen = database.isInTransaction
    #expect(!isOpen)
    #expect(try database.integer("SELECT count(*) FROM c") == 0)
  }

  @Test func `a running statement can be interrupted from another thread`() throws {
    let database = try make()
    let handle = database.interruptHandle
    let ended = StopSignal()
    let interrupter = try Background { while !ended.isRequested { handle.interrupt() } }
    let error = code {
      try database.integer("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n")
    }
    ended.request()
    try interrupter.value()
    #expect(error?.isInterrupted == true)
  }

  @Test func `triggers can be switched off for one connection`() throws {
    let database = try make(
      "triggers.db",
      """
      CREATE TABLE t (a); CREATE TABLE log (a);
      CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a); END
      """)
    try database.setTriggersEnabled(false)
    try database.execute("INSERT INTO t VALUES (1)")
    try database.setTriggersEnabled(true)
    try database.execute("INSERT INTO t VALUES (2)")
    #expect(try database.integer("SELECT sum(a) FROM log") == 2)
  }

  @Test(arguments: ["wal", "delete", "truncate", "memory"])
  func `the log can be synced in every journal mode`(mode: String) throws {
    let database = try make()
    _ = try database.string("PRAGMA journal_mode = \(mode)")
    try database.syncLog()
    try database.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
    try database.syncLog()
    try database.execute("COMMIT")
    let reader = try Database(path: directory.file("shop.db"), access: .readOnly)
    try reader.execute("BEGIN")
    #expect(try reader.integer("SELECT count(*) FROM t") == 1)
    try reader.syncLog()
  }

  @Test func `a column's collation is the declared one`() throws {
    let database = try make("collations.db", "CREATE TABLE t (a, b COLLATE NOCASE, \"\" TEXT COLLATE rtrim)")
    #expect(try database.collation(ofColumn: "a", in: "t") == "BINARY")
    #expect(try database.collation(ofColumn: "b", in: "t") == "NOCASE")
    #expect(try database.collation(ofColumn: "", in: "t") == "rtrim")
  }
}
