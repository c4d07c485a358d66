import Model
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
  @Test func `triggers created after ours fire first and change nothing`() throws {
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

  /// Case 7.
  @Test func `triggers that write into each other's tables are captured`() throws {
    try Scenario(
      "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT)", "CREATE TABLE b (id INTEGER PRIMARY KEY, n INT UNIQUE)",
      "CREATE TRIGGER ab AFTER INSERT ON a WHEN NEW.n > 0 BEGIN INSERT OR REPLACE INTO b (n) VALUES (NEW.n); END",
      "CREATE TRIGGER ba AFTER INSERT ON b WHEN NEW.n > 0 BEGIN INSERT INTO a (n) VALUES (NEW.n - 1); END"
    ).expectCaptured("INSERT INTO a (n) VALUES (3), (2)", "INSERT INTO b (n) VALUES (9)", "DELETE FROM b WHERE n > 1")
  }
}
