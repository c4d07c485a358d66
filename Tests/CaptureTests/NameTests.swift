import Model
import SQLite
import Testing

@testable import Capture

/// Names and numbers of tables and columns.
@Suite struct NameTests {
  private static let names = [
    "two words", "say \"hi\"", "\"", "it's", "[x]", "`y`", "select", "NEW", "old", "ß", "名前", "a;b--c", "\"\u{301}",
    "line\nend", "{trigger}", "{new}", "k0", "seq", "tbl", "rowid ", "%s", "_changeover", "e\u{301}", "\u{E9}",
  ]

  /// Case 13.
  @Test(arguments: names + [""]) func `a table may have any name`(name: String) throws {
    let quoted = SQLiteText.identifier(name)
    try Scenario(
      "CREATE TABLE \(quoted) (id INTEGER PRIMARY KEY, u TEXT UNIQUE)",
      "INSERT INTO \(quoted) VALUES (1, 'a'), (2, 'b')",
      applications: [.inProcess]
    ).expectCaptured(
      .run("INSERT INTO \(quoted) VALUES (3, 'c')"), .run("INSERT OR REPLACE INTO \(quoted) VALUES (4, 'a')"),
      .run("UPDATE OR REPLACE \(quoted) SET id = 7, u = 'b' WHERE u = 'c'"), .run("DELETE FROM \(quoted) WHERE id = 4"))
  }

  /// Case 13.
  @Test func `columns may have any name, the empty one too`() throws {
    let names = Self.names + [""]
    let columns = names.map { SQLiteText.identifier($0) }
    let list = columns.joined(separator: ", ")
    let values = names.indices.map { "'\($0)'" }.joined(separator: ", ")
    var steps: [Step] = []
    for column in columns {
      steps += [
        .run("INSERT OR REPLACE INTO keyed (\(column)) VALUES ('x')"),
        .run("UPDATE keyed SET \(column) = '7' WHERE rowid = 1"),
        .run("UPDATE OR REPLACE open SET \(column) = 'same'"), .run("INSERT INTO open (\(column)) VALUES ('y')"),
      ]
    }
    try Scenario(
      "CREATE TABLE keyed (\(list), PRIMARY KEY (\(list)))",
      "CREATE TABLE open (\(columns.joined(separator: " UNIQUE, ")))",
      "CREATE UNIQUE INDEX i ON open (\(columns.map { "lower(\($0))" }.joined(separator: ", ")))",
      "INSERT INTO keyed VALUES (\(values))", "INSERT INTO open VALUES (\(values))",
      keyedByRowid: ["keyed"], applications: [.inProcess]
    ).expectCaptured(steps)
  }

  /// Case 13.
  @Test(arguments: names + [""]) func `a key column may have any name`(name: String) throws {
    let quoted = SQLiteText.identifier(name)
    try Scenario(
      "CREATE TABLE t (\(quoted) TEXT PRIMARY KEY, v COLLATE NOCASE UNIQUE)",
      "CREATE TABLE i (v, \(quoted) INTEGER PRIMARY KEY)",
      "CREATE TABLE w (\(quoted) COLLATE NOCASE, v UNIQUE, PRIMARY KEY (v, \(quoted))) WITHOUT ROWID",
      applications: [.inProcess]
    ).expectCaptured(
      "INSERT INTO t VALUES ('a', 1), ('b', 'x')", "INSERT OR REPLACE INTO t VALUES ('c', 'X')",
      .run("UPDATE t SET \(quoted) = 'z' WHERE v = 1"), "INSERT INTO i VALUES ('a', 5)",
      .run("UPDATE i SET \(quoted) = 6"), "INSERT INTO w VALUES ('a', 1)",
      "INSERT OR REPLACE INTO w VALUES ('A', 1)", .run("DELETE FROM t WHERE \(quoted) = 'c'"))
  }

  /// Case 13.
  @Test func `names that Unicode takes for equal are two names`() throws {
    try Scenario(
      "CREATE TABLE \"\u{E9}\" (\"\u{E9}\" TEXT, \"e\u{301}\" TEXT, PRIMARY KEY (\"e\u{301}\"))",
      "CREATE TABLE \"e\u{301}\" (\"\u{E9}\" TEXT UNIQUE, \"e\u{301}\" INTEGER PRIMARY KEY)",
      "INSERT INTO \"\u{E9}\" VALUES ('x', 'y')", applications: [.inProcess]
    ).expectCaptured(
      "INSERT INTO \"\u{E9}\" VALUES ('x', 'z')", "UPDATE \"\u{E9}\" SET \"e\u{301}\" = 'w' WHERE \"e\u{301}\" = 'y'",
      "INSERT INTO \"e\u{301}\" VALUES ('a', 1), ('b', 2)", "INSERT OR REPLACE INTO \"e\u{301}\" VALUES ('a', 3)",
      "DELETE FROM \"\u{E9}\" WHERE \"\u{E9}\" = 'x'")
  }

  /// Case 13.
  @Test(arguments: [1, 63, 64, 127, 128, 1_900])
  func `a table may have many columns`(count: Int) throws {
    let columns = (0..<count).map { "c\($0)" }
    let values = columns.indices.map(String.init).joined(separator: ", ")
    let last = columns[count - 1]
    try Scenario(
      "CREATE TABLE open (\(columns.joined(separator: ", ")))",
      "CREATE TABLE keyed (\(columns.joined(separator: ", ")), PRIMARY KEY (\(last)))",
      "INSERT INTO open VALUES (\(values))", "INSERT INTO keyed VALUES (\(values))",
      applications: count > 128 ? [.inProcess] : Application.allCases
    ).expectCaptured(
      .run("INSERT INTO open VALUES (\(values))"), .run("UPDATE open SET \(last) = 'x' WHERE rowid = 1"),
      .run("INSERT INTO keyed (\(last)) VALUES ('y')"), .run("UPDATE keyed SET \(last) = 'x' WHERE \(last) = 'y'"),
      .run("INSERT OR REPLACE INTO keyed (\(last)) VALUES ('x')"), .run("DELETE FROM open WHERE \(last) = 'x'"))
  }

  /// Case 13.
  @Test(arguments: [63, 64, 127, 128]) func `a key may have many columns`(count: Int) throws {
    let columns = (0..<count).map { "c\($0) TEXT" }
    let names = (0..<count).map { "c\($0)" }.joined(separator: ", ")
    let values = (0..<count).map { "'\($0)'" }.joined(separator: ", ")
    try Scenario(
      "CREATE TABLE t (\(columns.joined(separator: ", ")), v, PRIMARY KEY (\(names)))",
      "CREATE TABLE narrow (id INTEGER PRIMARY KEY)"
    ).expectCaptured(
      .run("INSERT INTO t VALUES (\(values), 1)"), .run("UPDATE t SET v = 2"), .run("UPDATE t SET c\(count - 1) = 'x'"),
      "INSERT INTO narrow VALUES (1)", .run("INSERT INTO t VALUES (\(values), 1)"),
      .run("INSERT OR REPLACE INTO t VALUES (\(values), 3)"), .run("DELETE FROM t WHERE c\(count - 1) = 'x'"))
  }
}
