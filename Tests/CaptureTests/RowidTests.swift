import Model
import Testing

@testable import Capture

/// Tables that have no key but the rowid.
@Suite struct RowidTests {
  /// Case 8.
  @Test func `duplicates and reused rowids are told apart`() throws {
    try Scenario("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 1), (1, 1), (2, 2)").expectCaptured(
      "INSERT INTO t VALUES (1, 1), (NULL, NULL), (NULL, NULL)",
      "DELETE FROM t WHERE rowid = (SELECT max(rowid) FROM t)",
      "INSERT INTO t VALUES ('reuses the rowid', 1)", "UPDATE t SET b = 2 WHERE a = 1", "DELETE FROM t",
      "INSERT INTO t VALUES ('from the start', 1)")
  }

  /// Case 8.
  @Test func `columns that shadow the rowid's names are columns`() throws {
    try Scenario(
      "CREATE TABLE a (rowid TEXT, v UNIQUE)", "CREATE TABLE b (ROWID, _RowId_ UNIQUE)",
      "CREATE TABLE c (oid INT, \"_rowid_\" TEXT, v UNIQUE)", "INSERT INTO a VALUES ('x', 1), ('x', 2)",
      "INSERT INTO b VALUES ('x', 1), ('x', 2)", "INSERT INTO c VALUES (7, 'x', 1), (7, 'x', 2)"
    ).expectCaptured(
      "INSERT OR REPLACE INTO a VALUES ('y', 2)", "UPDATE a SET rowid = 'z', oid = 9 WHERE v = 1",
      "INSERT OR REPLACE INTO b VALUES ('y', 2)", "UPDATE b SET rowid = 'z', oid = 9 WHERE _rowid_ = 1",
      "INSERT OR REPLACE INTO c VALUES (8, 'y', 2)", "UPDATE c SET oid = 3, rowid = 9 WHERE v = 1", "DELETE FROM a",
      "DELETE FROM b WHERE oid = 9", "DELETE FROM c WHERE rowid = 9")
  }

  /// Case 8.
  @Test func `a table whose columns shadow every name of the rowid is left out, and said so`() throws {
    let bench = try Bench(["CREATE TABLE t (rowid, oid, _rowid_)", "CREATE TABLE k (rowid, oid, _rowid_ PRIMARY KEY)"])
    #expect(bench.leftOut.map(\.name) == ["t"])
    #expect(bench.leftOut.first?.reason.hasPrefix("no usable key") == true)
    #expect(bench.installation.tables.map(\.name) == ["k"])
  }
}
