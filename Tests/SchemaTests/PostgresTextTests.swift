import Model
import Testing

struct PostgresTextTests {
  @Test func `quotes names and literals`() {
    #expect(PostgresText.identifier("a\"b") == "\"a\"\"b\"")
    #expect(PostgresText.identifier("app", "Order") == "\"app\".\"Order\"")
    #expect(PostgresText.literal("it's") == "'it''s'")
    #expect(PostgresText.literal("a\\'b") == "E'a\\\\''b'")
  }

  @Test func `doubles a quote that a combining character follows`() {
    #expect(PostgresText.identifier("a\"\u{301}b") == "\"a\"\"\u{301}b\"")
    #expect(PostgresText.literal("'\u{301}") == "'''\u{301}'")
    #expect(PostgresText.literal("\\\u{301}") == "E'\\\\\u{301}'")
  }
}
