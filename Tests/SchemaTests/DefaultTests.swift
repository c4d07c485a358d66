import Model
import Schema
import SchemaFixtures
import Testing

/// Case 32.
struct DefaultTests {
  /// The translated default of a column that holds `seen`.
  private func translated(_ expression: String, _ declared: String, _ seen: StorageClasses = []) -> String? {
    let table = plan(
      table("t", [id, column("c", declared, default: expression)]), holding: ["c": seen])
    let value = table.columns[1].defaultSQL
    #expect((value == nil) == table.notes.contains { $0.hasPrefix("column 'c': DEFAULT ") })
    return value
  }

  @Test func `numbers stay numbers`() {
    #expect(translated("0", "BOOL") == "false")
    #expect(translated("-5", "INT") == "-5")
    #expect(translated("+5", "INT") == "5")
    #expect(translated("- 5", "INT") == "-5")
    #expect(translated("007", "INT") == "7")
    #expect(translated("0x1F", "INT") == "31")
    #expect(translated("0xFFFFFFFFFFFFFFFF", "INT") == "-1")
    #expect(translated("-9223372036854775808", "INT") == "'-9223372036854775808'::bigint")
    #expect(translated("1e3", "INT") == "1000")
    #expect(translated("5.", "INT") == "5")
    #expect(translated("1.5", "INT") == nil)
    #expect(translated("9223372036854775808", "INT") == nil)
    #expect(translated("TRUE", "BOOLEAN") == "true")
    #expect(translated("false", "BOOLEAN") == "false")
    #expect(translated("1.5", "REAL") == "1.5")
    #expect(translated(".5", "REAL") == "0.5")
    #expect(translated("0.00", "DECIMAL(10,2)") == "0.0")
    #expect(translated("3", "REAL") == "3.0")
    #expect(translated("9007199254740993", "REAL") == nil)
    #expect(translated("1e999", "REAL") == nil)
  }

  @Test func `numbers become the text that SQLite stores`() {
    #expect(translated("007", "TEXT") == "'7'")
    #expect(translated("+5", "VARCHAR(5)") == "'5'")
    #expect(translated("true", "TEXT") == "'1'")
    #expect(translated("1.5", "TEXT") == nil)
    #expect(translated("1.5", "DATE") == nil)
    #expect(translated("1.5", "DATE", [.text, .integer]) == "'1.5'")
    #expect(translated("5", "", [.text, .blob]) == "'5'")
  }

  @Test func `strings keep their quotes and backslashes`() {
    #expect(translated("'new'", "TEXT") == "'new'")
    #expect(translated("''", "TEXT") == "''")
    #expect(translated("'it''s'", "TEXT") == "'it''s'")
    #expect(translated("''''", "TEXT") == "''''")
    #expect(translated("'a\\b'", "TEXT") == "E'a\\\\b'")
    #expect(translated("'(a'", "TEXT") == "'(a'")
    #expect(translated("('a)')", "TEXT") == "'a)'")
    #expect(translated("'\u{301}x'", "TEXT") == "'\u{301}x'")
    #expect(translated("'5'", "INT") == "5")
    #expect(translated("'x'", "INT") == nil)
  }

  /// SQLite takes a name for a string.
  @Test func `names in quotes and without are strings`() {
    #expect(translated("\"1\"", "TEXT") == "'1'")
    #expect(translated("\"1\"", "INT") == "1")
    #expect(translated("\"a\"\"b\"", "TEXT") == "'a\"b'")
    #expect(translated("`q`", "TEXT") == "'q'")
    #expect(translated("pending", "TEXT") == "'pending'")
    #expect(translated("pending", "INT") == nil)
  }

  @Test func `the current time is in UTC, in text columns as SQLite writes it`() {
    let time = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    for expression in ["CURRENT_TIMESTAMP", "current_timestamp", "(datetime('now'))", "((datetime('now')))"] {
      #expect(translated(expression, "DATETIME", .text) == time)
      #expect(translated(expression, "DATETIME") == "date_trunc('second', now() AT TIME ZONE 'UTC')")
      #expect(translated(expression, "TIMESTAMPTZ") == "date_trunc('second', now())")
      #expect(translated(expression, "DATE") == nil)
    }
    #expect(translated("CURRENT_DATE", "DATE") == "(now() AT TIME ZONE 'UTC')::date")
    #expect(translated("CURRENT_DATE", "TEXT") == "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
    #expect(translated("time('now')", "TEXT") == "to_char(now() AT TIME ZONE 'UTC', 'HH24:MI:SS')")
    #expect(translated("CURRENT_TIMESTAMP", "INTEGER") == nil)
    #expect(translated("CURRENT_TIMESTAMP", "DATETIME", .integer) == nil)
  }

  @Test(arguments: [
    "'a' 'b'", "datetime('now','localtime')", "1_000", "'unfinished", "'", "", "()", "(", "-", "0x", "random()",
  ])
  func `what has no plain counterpart is left out with a note`(_ expression: String) {
    #expect(translated(expression, "TEXT") == nil)
    #expect(translated(expression, "INT") == nil)
    #expect(translated(expression, "BLOB") == nil)
  }

  @Test func `expressions are computed by the target`() {
    #expect(translated("(1+1)", "INT") == "(1 + 1)")
    #expect(translated("'a'||'b'", "TEXT") == "'ab'")
    #expect(translated("('a') || ('b')", "TEXT") == "'ab'")
    #expect(translated("(abs(-1))", "INT") == "1")
    #expect(translated("- -5", "INT") == "5")
    #expect(translated("x'00'", "BLOB") == "E'\\\\x00'::bytea")
    #expect(
      translated("strftime('%s','now')", "INT") == "floor(extract(epoch FROM now() AT TIME ZONE 'UTC'))::bigint")
  }

  @Test func `NULL and nothing need no note`() {
    let table = plan(table("t", [id, column("c", "TEXT", default: "NULL"), column("d", "TEXT")]))
    #expect(table.columns.allSatisfy { $0.defaultSQL == nil })
    #expect(table.notes.isEmpty)
  }
}
