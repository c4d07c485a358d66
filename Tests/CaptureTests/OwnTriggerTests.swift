import Model
import SQLite
import Testing

@testable import Capture

/// The application's own triggers beside ours.
@Suite struct OwnTriggerTests {
  private static let schema = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, n INT DEFAULT 0)",
    "CREATE TABLE log (id INTEGER PRIMARY KEY, what)",
    "CREATE TABLE total (k TEXT PRIMARY KEY, n INT) WITHOUT ROWID", "INSERT INTO total VALUES ('rows', 0)",
    """
    CREATE TRIGGER count_up AFTER INSERT ON t BEGIN
      UPDATE total SET n = n + 1 WHERE k = 'rows'; INSERT INTO log (what) VALUES ('insert ' || NEW.id);
    END
    """,
    "CREATE TRIGGER count_down AFTER DELETE ON t BEGIN UPDATE total SET n = n - 1; END",
    "CREATE TRIGGER tidy AFTER INSERT ON t WHEN NEW.a LIKE 'tidy%' BEGIN UPDATE t SET a = lower(a) WHERE id = NEW.id; END",
    "CREATE TRIGGER bounce AFTER INSERT ON t WHEN NEW.a = 'bounce' BEGIN DELETE FROM t WHERE id = NEW.id; END",
    """
    CREATE TRIGGER clear BEFORE INSERT ON t WHEN NEW.a LIKE 'clear%' BEGIN
      DELETE FROM t WHERE n = NEW.n; UPDATE t SET a = NEW.a WHERE id = 3;
    END
    """,
    "CREATE TRIGGER move BEFORE UPDATE ON t WHEN NEW.n = 99 BEGIN UPDATE t SET id = 50 WHERE id = 4; END",
    "CREATE VIEW v AS SELECT id, a FROM t",
    "CREATE TRIGGER into_view INSTEAD OF INSERT ON v BEGIN INSERT OR REPLACE INTO t (id, a) VALUES (NEW.id, NEW.a); END",
    "CREATE TRIGGER from_view INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE id = OLD.id; END",
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)",
  ]

  private static let steps: [Step] = [
    "INSERT INTO t (a) VALUES ('plain')", "INSERT INTO t (a) VALUES ('TIDY one')",
    "INSERT INTO t (a) VALUES ('bounce')",
    "INSERT OR REPLACE INTO t VALUES (20, 'clear all', 2)", "INSERT OR REPLACE INTO t VALUES (21, 'clear some', 77)",
    "UPDATE t SET n = 99 WHERE id = 1", "INSERT INTO v VALUES (30, 'a'), (31, 'through a view')",
    "DELETE FROM v WHERE id < 3", "DELETE FROM t",
  ]

  /// Case 7.
  @Test func `what the application's triggers write is captured`() throws {
    var scenario = Scenario()
    scenario.schema = Self.schema
    try scenario.expectCaptured(Self.steps)
  }

  /// Case 7.
  @Test func `triggers created after ours change nothing`() throws {
    let triggers = Self.schema.filter { $0.hasPrefix("CREATE TRIGGER") || $0.hasPrefix("CREATE VIEW") }
    var scenario = Scenario()
    scenario.schema = Self.schema.filter { !triggers.contains($0) }
    try scenario.expectCaptured(triggers.map { .run($0) } + Self.steps)
  }

  /// Case 7.
  @Test func `RAISE in the application's triggers takes our changes back with its own`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
      "CREATE TRIGGER quiet BEFORE INSERT ON t WHEN NEW.a = 'quiet' BEGIN SELECT RAISE(IGNORE); END",
      "CREATE TRIGGER loud AFTER INSERT ON t WHEN NEW.a = 'abort' BEGIN SELECT RAISE(ABORT, 'no'); END",
      "CREATE TRIGGER louder AFTER UPDATE ON t WHEN NEW.a = 'fail' BEGIN SELECT RAISE(FAIL, 'no'); END",
      "CREATE TRIGGER loudest AFTER DELETE ON t WHEN OLD.a = 'b' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
      "CREATE TRIGGER still BEFORE DELETE ON t WHEN OLD.a = 'kept' BEGIN SELECT RAISE(IGNORE); END"
    ).expectCaptured(
      "INSERT INTO t (a) VALUES ('quiet'), ('said')", .refused("INSERT INTO t (a) VALUES ('x'), ('abort')"),
      .refused("UPDATE t SET a = 'fail' WHERE id = 1"), "INSERT INTO t VALUES (9, 'kept')",
      "DELETE FROM t WHERE id = 9",
      "BEGIN", "INSERT INTO t VALUES (10, 'lost')", .refused("DELETE FROM t WHERE id = 2"),
      "INSERT OR REPLACE INTO t VALUES (11, 'a')")
  }

  private static let two = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", "CREATE TABLE seen (k UNIQUE)", "INSERT INTO seen VALUES ('b')",
    "CREATE TABLE strict (k UNIQUE ON CONFLICT FAIL)", "INSERT INTO strict VALUES ('b')",
    "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')",
  ]

  /// What leaves a row changed and passes over the triggers that were there before.
  private static let hiding: [(trigger: String, statement: Step)] = [
    (
      "CREATE TRIGGER own AFTER UPDATE ON t BEGIN SELECT RAISE(IGNORE); END",
      "UPDATE t SET a = a || '!'"
    ),
    (
      "CREATE TRIGGER own AFTER UPDATE ON t WHEN RAISE(IGNORE) BEGIN SELECT 1; END",
      "UPDATE t SET a = a || '?'"
    ),
    (
      "CREATE TRIGGER own AFTER DELETE ON t BEGIN SELECT RAISE(IGNORE); END",
      "DELETE FROM t WHERE id > 1"
    ),
    (
      "CREATE TRIGGER own AFTER INSERT ON t WHEN NEW.a = 'b' BEGIN SELECT RAISE(FAIL, 'no'); END",
      .refused("INSERT INTO t (a) VALUES ('a'), ('b'), ('c')")
    ),
    (
      "CREATE TRIGGER own AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.a); END",
      .refused("INSERT OR FAIL INTO t (a) VALUES ('a'), ('b'), ('c')")
    ),
    (
      "CREATE TRIGGER own AFTER UPDATE OF a ON t BEGIN INSERT INTO strict VALUES (NEW.a); END",
      .refused("UPDATE t SET a = 'b'")
    ),
    (
      "CREATE TRIGGER \"after\" AFTER UPDATE ON t BEGIN DELETE FROM seen; INSERT OR FAIL INTO strict VALUES ('b'); END",
      .refused("UPDATE t SET id = id + 10")
    ),
  ]

  /// Case 7.
  @Test(arguments: hiding) func `a trigger created after ours hides no change, before we saw it and afterwards`(
    trigger: String, statement: Step
  ) throws {
    var scenario = Scenario()
    scenario.schema = Self.two
    try scenario.expectCaptured(.run(trigger), statement, "INSERT INTO t VALUES (70, 'later')", statement)
  }

  /// Case 7. With the copy the first capture takes care of what was hidden; the second has to see it by itself.
  @Test(arguments: ["", "VACUUM", "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t"])
  func `our triggers fire first again once a new one was seen`(more: String) throws {
    let bench = try Bench(Self.two)
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("CREATE TRIGGER own AFTER UPDATE ON t BEGIN SELECT RAISE(IGNORE); END")
    try bench.capture()
    guard case .copied(let reason) = bench.lastStep("t") else { throw Unexpected(bench.steps) }
    #expect(reason.contains("may have hidden changes"))
    if !more.isEmpty { try writer.execute(more) }
    try bench.capture()
    let steps = bench.steps.count
    try writer.execute("UPDATE t SET a = 'seen'")
    #expect(try bench.capture() != nil)
    try bench.expectInStep()
    #expect(bench.steps.count == steps)
  }

  /// Case 7. It hides nothing, so that nothing is copied; but another one that it calls may come to hide something.
  @Test func `our triggers are made anew for a trigger that cannot fail too`() throws {
    let bench = try Bench(Self.two)
    let writer = try Database(path: bench.path, access: .readWrite)
    func place(_ name: String) throws -> Int64 {
      try bench.database.integer("SELECT max(rowid) FROM sqlite_schema WHERE name GLOB ?1", [.text(name)])
    }
    try writer.execute("CREATE TRIGGER own AFTER UPDATE ON t BEGIN SELECT abs(NEW.id); END")
    #expect(try place("own") > place("_changeover_[0-9]*"))
    try bench.capture()
    #expect(try place("own") < place("_changeover_[0-9]*"))
    #expect(bench.steps.isEmpty)
  }

  struct Unexpected: Error {
    let steps: [TableStep]
    init(_ steps: [TableStep]) { self.steps = steps }
  }

  /// Case 7.
  @Test func `triggers that write into each other's tables are captured`() throws {
    try Scenario(
      "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT)", "CREATE TABLE b (id INTEGER PRIMARY KEY, n INT UNIQUE)",
      "CREATE TRIGGER ab AFTER INSERT ON a WHEN NEW.n > 0 BEGIN INSERT OR REPLACE INTO b (n) VALUES (NEW.n); END",
      "CREATE TRIGGER ba AFTER INSERT ON b WHEN NEW.n > 0 BEGIN INSERT INTO a (n) VALUES (NEW.n - 1); END"
    ).expectCaptured("INSERT INTO a (n) VALUES (3), (2)", "INSERT INTO b (n) VALUES (9)", "DELETE FROM b WHERE n > 1")
  }
}
