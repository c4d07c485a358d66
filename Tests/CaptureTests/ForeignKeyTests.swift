import Model
import Testing

@testable import Capture

/// What foreign keys do to rows that no statement names.
@Suite struct ForeignKeyTests {
  private static let schema = [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE grandchild (k TEXT PRIMARY KEY, child INT REFERENCES child ON DELETE CASCADE) WITHOUT ROWID",
    "CREATE TABLE loose (id INTEGER PRIMARY KEY, code TEXT REFERENCES parent (code) ON DELETE SET NULL ON UPDATE SET NULL)",
    "CREATE TABLE other (id INTEGER PRIMARY KEY, parent INT DEFAULT 1 REFERENCES parent ON DELETE SET DEFAULT ON UPDATE CASCADE)",
    "CREATE TABLE tree (id INTEGER PRIMARY KEY, up INT REFERENCES tree ON DELETE CASCADE ON UPDATE CASCADE)",
    "INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
    "INSERT INTO child VALUES (1, 1), (2, 2), (3, 2), (4, 3)",
    "INSERT INTO grandchild VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)",
    "INSERT INTO loose VALUES (1, 'a'), (2, 'b'), (3, 'c')", "INSERT INTO other VALUES (1, 2), (2, 3)",
    "INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, 1)",
  ]

  private func scenario(pragmas: [String] = ["PRAGMA foreign_keys = ON"]) -> Scenario {
    var scenario = Scenario(pragmas: pragmas)
    scenario.schema = Self.schema
    return scenario
  }

  /// Case 6.
  @Test func `rows that a foreign key's action touches are captured`() throws {
    try scenario().expectCaptured(
      "UPDATE parent SET id = 20 WHERE id = 2", "DELETE FROM parent WHERE id = 3",
      "UPDATE parent SET code = 'z' WHERE id = 1",
      "DELETE FROM child WHERE id = 1", "UPDATE tree SET id = 10 WHERE id = 1", "DELETE FROM tree WHERE id = 2",
      "DELETE FROM tree", .refused("INSERT INTO child VALUES (9, 99)"))
  }

  /// Case 6.
  @Test func `a REPLACE of a parent takes its children along`() throws {
    try scenario().expectCaptured(
      "INSERT OR REPLACE INTO parent VALUES (2, 'again')", "INSERT OR REPLACE INTO parent VALUES (9, 'c')",
      "INSERT OR REPLACE INTO tree VALUES (2, 1)", "UPDATE OR REPLACE parent SET code = 'c' WHERE id = 4")
  }

  /// Case 5.
  @Test func `two parents of cascading children swap a UNIQUE value`() throws {
    try scenario().expectCaptured(
      "UPDATE parent SET code = 'swap' WHERE id = 1", "UPDATE parent SET code = 'a' WHERE id = 2",
      "UPDATE parent SET code = 'b' WHERE id = 1", "UPDATE OR REPLACE parent SET code = 'a' WHERE id = 1")
  }

  /// Case 6.
  @Test func `dropping a parent deletes its children`() throws {
    try Scenario(
      "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
      "CREATE TABLE child (id INTEGER PRIMARY KEY, p INT REFERENCES parent ON DELETE CASCADE)",
      "CREATE TABLE loose (id INTEGER PRIMARY KEY, p INT REFERENCES parent ON DELETE SET NULL)",
      "INSERT INTO parent VALUES (1), (2)", "INSERT INTO child VALUES (1, 1), (2, 2), (3, NULL)",
      "INSERT INTO loose VALUES (1, 1), (2, NULL)", selection: TableSelection(exclude: ["parent"]),
      pragmas: ["PRAGMA foreign_keys = ON"]
    ).expectCaptured("DROP TABLE parent")
  }

  /// Case 6.
  @Test func `without enforcement orphans stay`() throws {
    try scenario(pragmas: ["PRAGMA foreign_keys = OFF"]).expectCaptured(
      "DELETE FROM parent", "INSERT INTO child VALUES (9, 99)", "INSERT OR REPLACE INTO parent VALUES (7, 'x')")
  }

  /// Case 6.
  @Test func `a transaction that a deferred key refuses leaves nothing`() throws {
    try Scenario(
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
      pragmas: ["PRAGMA foreign_keys = ON"]
    ).expectCaptured(
      "BEGIN", "INSERT INTO c VALUES (1, 1)", .refused("COMMIT"), "INSERT INTO p VALUES (1)", "COMMIT", "BEGIN",
      "DELETE FROM p", .refused("COMMIT"), "ROLLBACK")
  }
}
