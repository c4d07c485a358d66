import Dialect
import Model
import Testing

/// Case 32.
struct ColumnDefaultTests {
  private func translated(_ text: String, _ kind: ValueKind, _ affinity: Affinity) -> String? {
    do { return try ColumnDefault.translate(text, kind: kind, affinity: affinity) } catch { return "refused" }
  }

  @Test func `numbers stay numbers`() {
    func integer(_ text: String) -> String? { translated(text, .bigint, .integer) }
    #expect(integer("0") == "0")
    #expect(integer("-5") == "-5")
    #expect(integer("+5") == "5")
    #expect(integer("- 5") == "-5")
    #expect(integer("(5)") == "5")
    #expect(integer("007") == "7")
    #expect(integer("0x1F") == "31")
    #expect(integer("0xFFFFFFFFFFFFFFFF") == "-1")
    #expect(integer("-9223372036854775808") == "'-9223372036854775808'::bigint")
    #expect(integer("1e3") == "1000")
    #expect(integer("5.") == "5")
    #expect(integer("1.5") == "refused")
    #expect(integer("9223372036854775808") == "refused")
    #expect(integer("'5'") == "5")
    #expect(integer("\"1\"") == "1")
    #expect(integer("'x'") == "refused")
    #expect(integer("pending") == "refused")
    #expect(integer("NULL") == nil)
    #expect(translated("70000", .integer(bits: 16), .integer) == "refused")
    #expect(translated("1.5", .double(.real), .real) == "1.5")
    #expect(translated(".5", .double(.real), .real) == "0.5")
    #expect(translated("3", .double(.real), .real) == "3.0")
    #expect(translated("9007199254740993", .double(.real), .real) == "refused")
    #expect(translated("1e999", .double(.real), .real) == "refused")
    #expect(translated("0.00", .numeric, .numeric) == "0.0")
    #expect(translated("10", .numeric, .numeric) == "10")
  }

  @Test func `booleans take 0, 1, TRUE and FALSE`() {
    #expect(translated("1", .boolean, .numeric) == "true")
    #expect(translated("(0)", .boolean, .numeric) == "false")
    #expect(translated("TRUE", .boolean, .numeric) == "true")
    #expect(translated("false", .boolean, .numeric) == "false")
    #expect(translated("'1'", .boolean, .numeric) == "true")
    #expect(translated("2", .boolean, .numeric) == "refused")
    #expect(translated("TRUE", .bigint, .integer) == "1")
  }

  @Test func `text keeps its quotes and backslashes`() {
    func text(_ text: String) -> String? { translated(text, .text, .text) }
    #expect(text("'new'") == "'new'")
    #expect(text("''") == "''")
    #expect(text("'it''s'") == "'it''s'")
    #expect(text("''''") == "''''")
    #expect(text("'a\\b'") == "E'a\\\\b'")
    #expect(text("('a)')") == "'a)'")
    #expect(text("'\u{301}x'") == "'\u{301}x'")
    #expect(text("\"a\"\"b\"") == "'a\"b'")
    #expect(text("`q`") == "'q'")
    #expect(text("[q]") == "'q'")
    #expect(text("pending") == "'pending'")
    #expect(text("'a' || 'b'") == "'ab'")
    #expect(text("007") == "'7'")
    #expect(text("+5") == "'5'")
    #expect(text("true") == "'1'")
    #expect(text("1.5") == "refused")
    #expect(translated("1.5", .text, .numeric) == "'1.5'")
    #expect(text("x'00'") == "refused")
    #expect(text("'a' 'b'") == "refused")
    #expect(text("'unfinished") == "refused")
    #expect(translated("x'00ff'", .bytea, .blob) == "E'\\\\x00ff'::bytea")
  }

  @Test func `the current time is UTC`() {
    let second = ValueKind.timestamp(.text(.second))
    for text in ["CURRENT_TIMESTAMP", "current_timestamp", "(datetime('now'))", "datetime()"] {
      #expect(translated(text, .text, .text) == "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')")
      #expect(translated(text, second, .numeric) == "date_trunc('second', now() AT TIME ZONE 'UTC')")
      #expect(translated(text, .timestamptz(.mixed), .numeric) == "date_trunc('second', now())")
      #expect(translated(text, .bigint, .integer) == "refused")
      #expect(translated(text, .timestamp(.seconds), .integer) == "refused")
    }
    #expect(translated("CURRENT_DATE", .text, .text) == "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
    #expect(translated("date('now')", .date(.text(.day)), .numeric) == "(now() AT TIME ZONE 'UTC')::date")
    #expect(translated("time('now')", .text, .text) == "to_char(now() AT TIME ZONE 'UTC', 'HH24:MI:SS')")
    #expect(
      translated("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", .text, .text)
        == "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
    #expect(
      translated("strftime('%Y-%m-%d %H:%M:%S', 'now')", second, .numeric)
        == "date_trunc('second', now() AT TIME ZONE 'UTC')")
    let epoch = "floor(extract(epoch FROM now() AT TIME ZONE 'UTC'))::bigint"
    #expect(translated("strftime('%s', 'now')", .bigint, .integer) == epoch)
    #expect(translated("unixepoch()", .bigint, .integer) == epoch)
    #expect(translated("strftime('%s', 'now')", .text, .text) == "\(epoch)::text")
    #expect(
      translated("datetime('now', '+7 days')", second, .numeric)
        == "date_trunc('second', (now() AT TIME ZONE 'UTC') + interval '7 days')")
    #expect(translated("datetime('now', 'localtime')", .text, .text) == "refused")
  }

  @Test func `what DEFAULT does not take bare is in parentheses`() {
    #expect(translated("(1 + 1)", .timestamp(.seconds), .integer) == "(to_timestamp(1 + 1) AT TIME ZONE 'UTC')")
    #expect(
      translated("strftime('%s', 'now')", .timestamp(.seconds), .integer)
        == "(to_timestamp(floor(extract(epoch FROM now() AT TIME ZONE 'UTC'))::bigint) AT TIME ZONE 'UTC')")
    #expect(translated("(1 + 1)", .bigint, .integer) == "(1 + 1)")
    #expect(translated("('a' LIKE 'A')", .boolean, .numeric)?.hasPrefix("(") == true)
  }

  @Test func `constants of times and other types`() {
    let second = ValueKind.timestamp(.text(.second))
    #expect(translated("'2024-01-31 10:00:00'", second, .numeric) == "timestamp '2024-01-31 10:00:00'")
    #expect(translated("'2024-02-31 10:00:00'", second, .numeric) == "refused")
    #expect(translated("0", .timestamp(.seconds), .integer) == "timestamp '1970-01-01 00:00:00'")
    #expect(translated("'{}'", .jsonb, .text) == "'{}'")
    #expect(translated("'{'", .jsonb, .text) == "refused")
  }

  @Test(arguments: ["", "()", "(", "-", "0x", "1_000", "random()", "lower(hex(randomblob(16)))", "(SELECT 1)", "a.b"])
  func `what has no counterpart is refused`(_ text: String) {
    for kind in [ValueKind.text, .bigint, .bytea] { #expect(translated(text, kind, .text) == "refused") }
  }
}
