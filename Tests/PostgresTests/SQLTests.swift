import Postgres
import Testing

struct SQLTests {
  @Test func `quotes names and literals`() {
    #expect(SQL.quoteIdentifier("a\"b") == "\"a\"\"b\"")
    #expect(SQL.quoteIdentifier("app", "Order") == "\"app\".\"Order\"")
    #expect(SQL.quoteLiteral("it's") == "'it''s'")
    #expect(SQL.quoteLiteral("a\\'b") == " E'a\\\\''b'")
  }

  @Test func `doubles a quote that a combining character follows`() {
    #expect(SQL.quoteIdentifier("a\"\u{301}b") == "\"a\"\"\u{301}b\"")
    #expect(SQL.quoteLiteral("'\u{301}") == "'''\u{301}'")
  }
}
