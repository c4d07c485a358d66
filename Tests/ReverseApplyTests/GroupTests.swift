import Capture
import Journal
import Model
import SQLite
import TestSupport
import Testing

@testable import ReverseApply

/// Rows and position, together.
struct GroupTests {
  private static let schema = """
    CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL);
    INSERT INTO item VALUES (1, 'one', 1.5), (2, 'two', NULL), (3, 'three', 3.0)
    """

  @Test func `rows come, change and go, and the position with them`() throws {
    let bench = try ReturnBench(Self.schema)
    let applied = try bench.apply(
      .row("item", [1, "one", 9.25]), .row("item", [4, nil, 4.0]), .gone("item", [2]), .gone("item", [77]))
    #expect(try bench.rows("SELECT * FROM item") == [[1, "one", 9.25], [3, "three", 3.0], [4, nil, 4.0]])
    #expect(applied.quarantined == 0)
    #expect(applied.entries == 5)
    #expect(try SourceInstallation.read(bench.database)?.reversePosition == applied.position)
    #expect(applied.position.group.rawValue == 1)
  }

  @Test func `neither fence nor triggers nor cascades act on the rows`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
      CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent ON DELETE CASCADE);
      CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT);
      CREATE TRIGGER noted AFTER UPDATE ON parent BEGIN INSERT INTO log (what) VALUES ('changed'); END;
      INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (1, 1), (2, 2)
      """)
    try bench.apply(.row("parent", [2, "c"]), .gone("parent", [1]))
    #expect(try bench.rows("SELECT * FROM child") == [[1, 1], [2, 2]])
    #expect(try bench.rows("SELECT * FROM log") == [])
    let application = try Database(path: bench.path, access: .readWrite)
    #expect(throws: SQLiteError.self) { try application.execute("UPDATE parent SET name = 'x'") }
  }

  @Test func `deletes go first, so that a new row may have a deleted one's UNIQUE value`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE u (id INTEGER PRIMARY KEY, mail TEXT UNIQUE); INSERT INTO u VALUES (1, 'a'), (2, 'b')")
    try bench.apply(.row("u", [3, "a"]), .gone("u", [1]))
    #expect(try bench.rows("SELECT * FROM u") == [[2, "b"], [3, "a"]])
    #expect(try bench.quarantine() == [])
  }

  @Test func `a group of several parts is one transaction`() throws {
    let bench = try ReturnBench(Self.schema)
    let rows = (10..<400).map { ReturnBench.Entry.row("item", [.integer($0), "n", 1.0]) }
    try bench.apply(rows + [.gone("item", [1])], entriesInPart: 50)
    #expect(try bench.value("SELECT count(*) FROM item") == 392)
  }

  @Test func `a key that comes several times ends as it came last`() throws {
    let bench = try ReturnBench(Self.schema)
    try bench.apply(
      [
        .row("item", [1, "first", 1.0]), .gone("item", [1]), .row("item", [2, "x", 1.0]),
        .row("item", [1, "last", 2.0]),
        .row("item", [5, "five", 5.0]), .gone("item", [5]),
      ], keysMayRepeat: true)
    #expect(
      try bench.rows("SELECT * FROM item") == [[1, "last", 2.0], [2, "x", 1.0], [3, "three", 3.0]])
  }

  @Test func `groups are applied once and in order`() throws {
    let bench = try ReturnBench(Self.schema)
    let first = try bench.journaled([.row("item", [1, "a", 1.0])])
    let second = try bench.journaled([.row("item", [1, "b", 1.0])])
    #expect(throws: Failure.self) { try bench.applier.apply(second, after: bench.position, to: bench.database) }
    let start = bench.position
    try bench.apply(first)
    #expect(throws: Failure.self) { try bench.applier.apply(first, after: start, to: bench.database) }
    try bench.apply(second)
    // Whoever lost count is told so, by what the file says.
    let third = try bench.journaled([.row("item", [1, "c", 1.0])])
    var other = bench.position
    other.nonce += 1
    #expect(throws: Failure.self) { try bench.applier.apply(third, after: other, to: bench.database) }
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["b"]])
  }

  @Test func `a file that is not fenced by this switch is refused, and untouched`() throws {
    let bench = try ReturnBench(Self.schema)
    let group = try bench.journaled([.row("item", [1, "a", 1.0])])
    try SourceInstallation.set("switch_id", .text(RandomID.random().description), in: bench.database)
    #expect(throws: Failure.self) { try bench.applier.apply(group, after: bench.position, to: bench.database) }
    try bench.database.execute("DELETE FROM \(SourceNames.meta) WHERE name = 'switch_id'")
    #expect(throws: Failure.self) { try bench.applier.apply(group, after: bench.position, to: bench.database) }
    #expect(throws: Failure.self) { try bench.restart() }
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["one"]])
    let isOpen = bench.database.isInTransaction
    #expect(!isOpen)
  }

  @Test func `a file that was switched at another position is refused`() throws {
    let bench = try ReturnBench(Self.schema)
    try bench.database.execute("UPDATE \(SourceNames.change) SET nonce = nonce + 1")
    let group = try bench.journaled([.row("item", [1, "a", 1.0])])
    #expect(throws: Failure.self) { try bench.applier.apply(group, after: bench.position, to: bench.database) }
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["one"]])
  }

  @Test func `a position of an earlier switch does not count`() throws {
    let bench = try ReturnBench(Self.schema)
    try bench.apply(.row("item", [1, "a", 1.0]))
    #expect(try SourceInstallation.reversePosition(in: bench.database) != nil)
    try SourceInstallation.set("switch_id", .text(RandomID.random().description), in: bench.database)
    #expect(try SourceInstallation.reversePosition(in: bench.database) == nil)
  }

  @Test func `inside an open transaction the caller decides`() throws {
    let bench = try ReturnBench(Self.schema)
    let group = try bench.journaled([.row("item", [1, "a", 1.0])])
    try bench.database.execute("BEGIN IMMEDIATE")
    _ = try bench.applier.apply(group, after: bench.position, to: bench.database)
    let isOpen = bench.database.isInTransaction
    #expect(isOpen)
    bench.database.rollback()
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["one"]])
    #expect(try SourceInstallation.reversePosition(in: bench.database) == nil)
    try bench.database.execute("BEGIN IMMEDIATE")
    let applied = try bench.applier.apply(group, after: bench.position, to: bench.database)
    try bench.database.execute("COMMIT")
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["a"]])
    #expect(try SourceInstallation.reversePosition(in: bench.database) == applied.position)
  }

  @Test func `a connection whose triggers are on is refused`() throws {
    let bench = try ReturnBench(Self.schema)
    let other = try Database(path: bench.path, access: .readWrite)
    #expect(throws: Failure.self) {
      _ = try ReverseApplier(journal: bench.journal, plan: bench.plan, installation: bench.installation, in: other)
    }
    try ReverseApplier.prepare(other)
    _ = try ReverseApplier(journal: bench.journal, plan: bench.plan, installation: bench.installation, in: other)
  }

  @Test(arguments: ["wal", "delete"])
  func `what a crash leaves has rows and position together`(_ mode: String) throws {
    let bench = try ReturnBench(Self.schema, journalMode: mode)
    try bench.database.execute("PRAGMA cache_size = 5")
    let rows = (10..<3_000).map { ReturnBench.Entry.row("item", [.integer($0), "a name that takes room", 1.0]) }
    let group = try bench.journaled(rows)
    try bench.database.execute("BEGIN IMMEDIATE")
    let applied = try bench.applier.apply(group, after: bench.position, to: bench.database)
    let before = try Crash(of: bench.path)
    try bench.database.execute("COMMIT")
    let after = try Crash(of: bench.path)
    #expect(try before.database.integer("SELECT count(*) FROM item") == 3)
    #expect(try SourceInstallation.reversePosition(in: before.database) == nil)
    #expect(try after.database.integer("SELECT count(*) FROM item") == 2_993)
    #expect(try SourceInstallation.reversePosition(in: after.database) == applied.position)
  }

  @Test func `a table whose columns changed stops the way back`() throws {
    let bench = try ReturnBench(Self.schema)
    try bench.apply(.row("item", [1, "a", 1.0]))
    // The guard view stops this to the end, unless somebody drops it.
    try bench.database.execute("DROP VIEW _changeover_guard; ALTER TABLE item ADD COLUMN more TEXT")
    let group = try bench.journaled([.row("item", [1, "b", 1.0])])
    let failure = #expect(throws: Failure.self) {
      try bench.applier.apply(group, after: bench.position, to: bench.database)
    }
    #expect(failure?.message.contains("table 'item'") == true)
    try bench.database.execute("ALTER TABLE item DROP COLUMN more")
    try bench.apply(group)
    #expect(try bench.rows("SELECT name FROM item WHERE id = 1") == [["b"]])
  }

  @Test func `a journal that speaks of other columns is refused`() throws {
    let bench = try ReturnBench(Self.schema)
    let group = try bench.journaled([.row("item", [1, "a", 1.0])])
    var plan = bench.plan
    plan.tables[0].columns.swapAt(1, 2)
    bench.applier = try ReverseApplier(
      journal: bench.journal, plan: plan, installation: bench.installation, in: bench.database)
    #expect(throws: Failure.self) { try bench.applier.apply(group, after: bench.position, to: bench.database) }
  }

  @Test func `applied groups can be applied once more`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE u (id INTEGER PRIMARY KEY, mail TEXT UNIQUE); INSERT INTO u VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    var groups: [JournalGroup] = []
    for entries in [
      [ReturnBench.Entry.row("u", [1, "b"]), .row("u", [2, "a"])], [.gone("u", [1]), .row("u", [4, "b"])],
      [.replace("u"), .row("u", [2, "a"]), .row("u", [4, "d"])], [.row("u", [5, "b"])],
    ] {
      groups.append(try bench.journaled(entries))
      try bench.apply(groups[groups.count - 1])
    }
    let end: [[Value]] = [[2, "a"], [4, "d"], [5, "b"]]
    #expect(try bench.rows("SELECT * FROM u") == end)
    try bench.database.execute("UPDATE u SET mail = 'lost' WHERE id = 2; DELETE FROM u WHERE id = 4")
    try bench.applier.replay(groups, at: bench.position, to: bench.database)
    #expect(try bench.rows("SELECT * FROM u") == end)
    #expect(try SourceInstallation.reversePosition(in: bench.database) == bench.position)
  }
}

/// The files of a database as a crash at this moment leaves them, opened by who comes next.
struct Crash: ~Copyable {
  private let directory: TemporaryDirectory
  let database: Database

  init(of path: String) throws {
    let directory = try TemporaryDirectory()
    for suffix in ["", "-wal", "-journal"] {
      guard let bytes = try? Files.read(path + suffix) else { continue }
      try Files.write(bytes, to: directory.file("shop.db") + suffix)
    }
    let database = try Database(path: directory.file("shop.db"), access: .readWrite)
    self.directory = directory
    self.database = database
  }
}
