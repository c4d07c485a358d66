import Model
import SQLite
import Testing

@testable import Capture

/// What fails under FAIL inside a foreign key's action: the row that the key refers to stays changed, and none of its AFTER
/// triggers ran.
@Suite struct ActionParentTests {
  /// The kinds of keys that a parent may have, each with statements that the child's trigger ends.
  private static let kinds: [(schema: [String], steps: [Step])] = [
    (
      [
        "CREATE TABLE p (id INTEGER PRIMARY KEY, v)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, r INT REFERENCES p {actions})",
        "INSERT INTO p VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)", "INSERT INTO c SELECT id, id FROM p",
      ],
      [
        .refused("UPDATE p SET id = 10 WHERE id = 1"), .refused("UPDATE p SET id = id + 20, v = 7 WHERE id < 10"),
        "UPDATE p SET v = 'x' WHERE id > 20", .refused("DELETE FROM p WHERE id = 3"),
        .refused("INSERT OR REPLACE INTO p VALUES (4, 'r')"), .refused("UPDATE OR REPLACE p SET id = 5 WHERE id = 10"),
        "INSERT OR REPLACE INTO p (v) VALUES ('new')", .refused("DELETE FROM p WHERE id > 1"),
      ]
    ),
    // The key refers to a UNIQUE column, and what tells the rows apart does not change.
    (
      [
        "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE, other INT UNIQUE, v)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, r TEXT REFERENCES p (code) {actions})",
        "INSERT INTO p VALUES (1, 'a', 1, 0), (2, 'b', 2, 0), (3, 'c', 3, 0), (4, 'd', 4, 0), (5, 'e', 5, 0)",
        "INSERT INTO p VALUES (6, 'f', 6, 0), (7, 'g', 7, 0)",
        "INSERT INTO c SELECT id, code FROM p",
      ],
      [
        .refused("UPDATE p SET code = 'aa' WHERE id = 1"),
        .refused("UPDATE p SET code = code || 'x', id = id + 20 WHERE id > 1"),
        "UPDATE p SET v = 1, other = other + 10", .refused("UPDATE OR REPLACE p SET code = 'c' WHERE id = 1"),
        .refused("UPDATE OR REPLACE p SET other = 14 WHERE id = 1"),
        .refused("INSERT OR REPLACE INTO p VALUES (5, 'z', 9, 9)"),
        .refused("INSERT OR REPLACE INTO p VALUES (50, 'f', 9, 9)"), .refused("DELETE FROM p WHERE id = 7"),
      ]
    ),
    (
      [
        "CREATE TABLE p (k TEXT PRIMARY KEY NOT NULL DEFAULT 'k1', v)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, r TEXT REFERENCES p {actions})",
        "INSERT INTO p VALUES ('k1', 1), ('k2', 2), ('k3', 3), ('k4', 4), ('5', 5), ('k6', 6)",
        "INSERT INTO c SELECT v, k FROM p",
      ],
      [
        .refused("UPDATE p SET k = 100 WHERE k = 'k2'"), .refused("UPDATE OR REPLACE p SET k = 5 WHERE k = 'k4'"),
        .refused("REPLACE INTO p VALUES (NULL, 'default')"),
        .refused("UPDATE OR REPLACE p SET k = NULL WHERE k = 'k6'"),
        .refused("DELETE FROM p WHERE k = 'k3'"), .refused("UPDATE OR FAIL p SET k = NULL"),
      ]
    ),
    (
      [
        "CREATE TABLE p (i INT NOT NULL, k TEXT COLLATE NOCASE NOT NULL, v, PRIMARY KEY (k, i)) WITHOUT ROWID",
        """
        CREATE TABLE c (id INTEGER PRIMARY KEY, i INT, k TEXT COLLATE NOCASE,
          FOREIGN KEY (k, i) REFERENCES p (k, i) {actions})
        """,
        "INSERT INTO p VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5), (6, 'f', 6)",
        "INSERT INTO c SELECT v, i, k FROM p",
      ],
      [
        .refused("UPDATE p SET i = 10 WHERE i = 1"), .refused("UPDATE p SET k = 'bb', v = 7 WHERE i = 2"),
        .refused("INSERT OR REPLACE INTO p VALUES (3, 'C', 3)"),
        .refused("UPDATE OR REPLACE p SET i = 4, k = 'D' WHERE i = 5"),
        .refused("DELETE FROM p WHERE i = 6"),
      ]
    ),
    // Without a key, and with the rowid beside one.
    (
      [
        "CREATE TABLE p (code INT UNIQUE, v)", "CREATE TABLE q (k INT NOT NULL UNIQUE, v)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, r INT REFERENCES p (code) {actions}, s INT REFERENCES q (k) {actions})",
        "INSERT INTO p VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)", "INSERT INTO q SELECT * FROM p",
        "INSERT INTO c SELECT code, code, NULL FROM p", "INSERT INTO c SELECT code + 10, NULL, code FROM p",
      ],
      [
        .refused("UPDATE p SET code = 10 WHERE v = 1"), .refused("UPDATE p SET code = 20, rowid = 30 WHERE v = 2"),
        .refused("INSERT OR REPLACE INTO p (rowid, v) VALUES (3, 3)"), .refused("DELETE FROM p WHERE v = 4"),
        .refused("UPDATE OR REPLACE p SET rowid = 5 WHERE v = 1"),
        .refused("UPDATE q SET k = 10, rowid = 30 WHERE v = 1"),
        .refused("INSERT OR REPLACE INTO q (rowid, k) VALUES (3, 33)"), .refused("REPLACE INTO q VALUES (4, 'again')"),
        .refused("UPDATE OR REPLACE q SET rowid = 5 WHERE v = 1"),
      ]
    ),
    // A generated column as the key, and one that a key refers to.
    (
      [
        "CREATE TABLE p (base INT, w INT, g TEXT NOT NULL AS (base || '/' || w) UNIQUE)",
        "CREATE TABLE q (id INTEGER PRIMARY KEY, base INT, g INT AS (base * 2) STORED UNIQUE)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, r TEXT REFERENCES p (g) {actions}, s INT REFERENCES q (g) {actions})",
        "INSERT INTO p VALUES (1, 1), (2, 2), (3, 3), (4, 4)", "INSERT INTO q (base) VALUES (1), (2), (3)",
        "INSERT INTO c SELECT base, g, NULL FROM p", "INSERT INTO c SELECT base + 10, NULL, g FROM q",
      ],
      [
        .refused("UPDATE p SET w = 9 WHERE base = 1"), .refused("UPDATE p SET base = 20 WHERE w = 2"),
        .refused("INSERT OR REPLACE INTO p VALUES (3, 3)"), .refused("DELETE FROM p WHERE w = 4"),
        .refused("UPDATE q SET base = 7 WHERE id = 1"), .refused("UPDATE q SET id = 8, base = 9 WHERE id = 2"),
        .refused("DELETE FROM q WHERE id = 3"),
      ]
    ),
  ]

  private static let fails = [
    "CREATE TRIGGER own_update AFTER UPDATE ON c BEGIN SELECT RAISE(FAIL, 'no'); END",
    "CREATE TRIGGER own_delete AFTER DELETE ON c BEGIN SELECT RAISE(FAIL, 'no'); END",
  ]

  private func scenario(_ kind: Int, _ action: String) -> Scenario {
    var scenario = Scenario(pragmas: ["PRAGMA foreign_keys = ON"])
    scenario.schema = Self.kinds[kind].schema.map {
      $0.replacing("{actions}", with: "ON UPDATE \(action) ON DELETE \(action)")
    }
    return scenario
  }

  /// Case 6.
  @Test(arguments: kinds.indices, ["CASCADE", "SET NULL", "SET DEFAULT"])
  func `a parent's change is captured where RAISE(FAIL) ends the action that it fires`(kind: Int, action: String) throws
  {
    var scenario = scenario(kind, action)
    scenario.schema += Self.fails
    try scenario.expectCaptured(Self.kinds[kind].steps)
  }

  /// Case 7. A row may have been hidden before the new trigger was seen; afterwards none is.
  @Test(arguments: kinds.indices)
  func `triggers that come while it streams hide no parent's change`(kind: Int) throws {
    try scenario(kind, "CASCADE").expectCaptured(Self.fails.map { .run($0) } + Self.kinds[kind].steps)
  }

  /// Case 6. The child stays as it was, which only a deferred key lets pass.
  @Test func `a BEFORE trigger of the child's that fails hides nothing`() throws {
    try Scenario(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, code INT UNIQUE)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, code INT REFERENCES p (code) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED)",
      "CREATE TRIGGER own BEFORE UPDATE ON c BEGIN SELECT RAISE(FAIL, 'no'); END",
      "INSERT INTO p VALUES (1, 10), (2, 20)",
      "INSERT INTO c VALUES (1, 10)", pragmas: ["PRAGMA foreign_keys = ON"]
    ).expectCaptured("BEGIN", .refused("UPDATE p SET code = 11 WHERE id = 1"), "DELETE FROM c", "COMMIT")
  }

  /// Case 6. On the way down each table is a parent itself.
  @Test func `what fails far from the row, in a table that stays out, hides nothing`() throws {
    try Scenario(
      "CREATE TABLE a (id INTEGER PRIMARY KEY, up INT REFERENCES a ON DELETE CASCADE)",
      "CREATE TABLE b (k TEXT PRIMARY KEY, a INT REFERENCES a ON DELETE CASCADE ON UPDATE SET NULL) WITHOUT ROWID",
      "CREATE TABLE out_of_it (id INTEGER PRIMARY KEY, b TEXT REFERENCES b ON DELETE CASCADE)", "CREATE TABLE deep (x)",
      "CREATE VIEW way AS SELECT 1 AS x",
      "CREATE TRIGGER far AFTER DELETE ON out_of_it BEGIN INSERT INTO way VALUES (1); END",
      "CREATE TRIGGER farther INSTEAD OF INSERT ON way BEGIN INSERT INTO deep VALUES (1); END",
      "CREATE TRIGGER farthest AFTER INSERT ON deep BEGIN SELECT RAISE(FAIL, 'no'); END",
      "INSERT INTO a VALUES (1, NULL), (2, 1), (3, 2), (4, NULL)", "INSERT INTO b VALUES ('x', 3), ('y', 4)",
      "INSERT INTO out_of_it VALUES (1, 'x'), (2, 'y')", selection: TableSelection(exclude: ["out_of_it", "deep"]),
      pragmas: ["PRAGMA foreign_keys = ON"]
    ).expectCaptured(.refused("DELETE FROM a WHERE id = 1"), .refused("INSERT OR REPLACE INTO b VALUES ('y', NULL)"))
  }

  /// Case 4. An action that updates ABORTs whatever is asked for; one that deletes, and what deletes within it, does not.
  @Test func `a constraint that fails under FAIL in what the child's trigger writes hides nothing`() throws {
    try Scenario(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, code INT UNIQUE)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, code INT REFERENCES p (code) ON UPDATE CASCADE ON DELETE CASCADE)",
      "CREATE TABLE strict (x UNIQUE ON CONFLICT FAIL)", "CREATE TABLE other (x)",
      "CREATE TRIGGER own AFTER DELETE ON c BEGIN INSERT INTO strict VALUES (1); END",
      "CREATE TRIGGER by_way AFTER UPDATE ON c BEGIN DELETE FROM other; END",
      "CREATE TRIGGER way AFTER DELETE ON other BEGIN INSERT INTO strict VALUES (1); END",
      "INSERT INTO p VALUES (1, 10), (2, 20), (3, 30)", "INSERT INTO c SELECT id, code FROM p",
      "INSERT INTO strict VALUES (1)", "INSERT INTO other VALUES (1)", pragmas: ["PRAGMA foreign_keys = ON"]
    ).expectCaptured(
      .refused("DELETE FROM p WHERE id = 1"), .refused("UPDATE p SET code = 21 WHERE id = 2"),
      .refused("REPLACE INTO p VALUES (3, 33)"))
  }

  // MARK: Where it is asked for, and where not

  private static let fail = "CREATE TRIGGER own AFTER DELETE ON c BEGIN SELECT RAISE(FAIL, 'no'); END"

  /// The tables whose triggers log early.
  private func early(_ bench: Bench) throws -> [String] {
    var tables: [String] = []
    try bench.database.forEach(
      "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE name GLOB '_changeover_[0-9]*_early_*' ORDER BY 1"
    ) { tables.append($0.string(0) ?? "") }
    return tables
  }

  @Test(arguments: [
    ("ON DELETE CASCADE", fail, ["P"]), ("ON UPDATE SET NULL", fail, ["P"]), ("ON DELETE SET DEFAULT", fail, ["P"]),
    ("", fail, []), ("ON UPDATE RESTRICT ON DELETE NO ACTION", fail, []),
    ("ON DELETE CASCADE", "CREATE TRIGGER own AFTER DELETE ON c BEGIN SELECT RAISE(ABORT, 'RAISE(FAIL'); END", []),
    ("ON DELETE CASCADE", "CREATE TRIGGER own AFTER DELETE ON c WHEN raise ( Fail, 'no') BEGIN SELECT 1; END", ["P"]),
    (
      "ON DELETE CASCADE", "CREATE TRIGGER own AFTER DELETE ON c BEGIN INSERT OR FAIL INTO other VALUES (1); END", ["P"]
    ),
    ("ON DELETE CASCADE", "CREATE TABLE strict (x NOT NULL ON CONFLICT FAIL)", ["P"]),
    ("ON DELETE CASCADE", "CREATE VIEW v AS SELECT RAISE(FAIL, 'no') AS x", ["P"]),
    ("ON DELETE CASCADE", "CREATE TABLE tests (pass, fail, CHECK (pass <> fail))", []),
  ]) func `only parents of actions log early, and only where something speaks of FAIL`(
    actions: String, sql: String, expected: [String]
  ) throws {
    let bench = try Bench([
      "CREATE TABLE P (id INTEGER PRIMARY KEY)", "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p \(actions))",
      "CREATE TABLE other (x UNIQUE)", sql,
    ])
    #expect(try early(bench) == expected)
  }

  /// Case 7.
  @Test
  func `parents log early from when it is asked for until it is not, copied where something may have been hidden`()
    throws
  {
    let bench = try Bench([
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)",
      "CREATE TABLE q (id INTEGER PRIMARY KEY)", "INSERT INTO q VALUES (1), (2), (3)",
      "INSERT INTO p VALUES (1), (2), (3)", "INSERT INTO c SELECT id, id FROM p",
    ])
    let writer = try Database(path: bench.path, access: .readWrite)
    func refused(_ sql: String) { #expect(throws: SQLiteError.self) { try writer.execute(sql) } }
    func copied(_ name: String) -> Bool {
      guard case .copied(let reason)? = bench.lastStep(name) else { return false }
      return reason.contains("foreign key's action")
    }
    #expect(try early(bench).isEmpty)
    try writer.execute("PRAGMA foreign_keys = ON; \(Self.fail)")
    refused("DELETE FROM p WHERE id = 1")
    try bench.capture()
    try bench.expectInStep("hidden before it was seen")
    #expect(copied("p") && bench.lastStep("q") == nil)
    #expect(try early(bench) == ["p"])
    var steps = bench.steps.count
    refused("DELETE FROM p WHERE id = 2")
    try bench.capture()
    try bench.expectInStep("hidden afterwards")
    // A key with an action comes too.
    #expect(bench.steps.count == steps)
    try writer.execute("ALTER TABLE c ADD COLUMN q REFERENCES q ON DELETE CASCADE; UPDATE c SET q = 3")
    refused("DELETE FROM q WHERE id = 3")
    try bench.capture()
    try bench.expectInStep("a new key")
    #expect(copied("q"))
    #expect(try early(bench) == ["p", "q"])
    // And goes.
    steps = bench.steps.count
    try writer.execute("DROP TRIGGER own")
    try bench.capture()
    #expect(try early(bench).isEmpty)
    #expect(bench.steps.count == steps)
    try writer.execute("DELETE FROM p; DELETE FROM q; INSERT INTO p VALUES (9)")
    try bench.capture()
    try bench.expectInStep("without")
  }

  @Test func `a trigger that logged early and was dropped copies its table again`() throws {
    let bench = try Bench([
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)",
      Self.fail, "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1, 1)",
    ])
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("PRAGMA foreign_keys = ON; DROP TRIGGER _changeover_\(try bench.table("p").id)_early_delete")
    #expect(throws: SQLiteError.self) { try writer.execute("DELETE FROM p") }
    try bench.capture()
    try bench.expectInStep()
    #expect(bench.lastStep("p") == .copied(reason: "its triggers were gone or altered"))
    #expect(try early(bench) == ["p"])
  }

  /// Case 14.
  @Test func `inserts without a conflict log nothing more`() throws {
    let bench = try Bench([
      "CREATE TABLE p (id INTEGER PRIMARY KEY)",
      "CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)",
      Self.fail,
    ])
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("INSERT INTO p VALUES (1), (2), (3)")
    #expect(try bench.database.integer("SELECT count(*) FROM _changeover_change WHERE tbl > 0") == 3)
  }
}
