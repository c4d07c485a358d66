import Dialect
import Model
import SQLite
import TestSupport
import Testing

@Suite struct TextTests {
  /// Names that SQLite takes; the last ones are a quote that Swift joins with what follows into one character.
  static let names = [
    "plain", "two words", "say \"hi\"", "\"", "\"\"", "it's", "[x]", "`y`", "select", "", "ß", "名前", "e\u{301}",
    "a;b--c",
    "\"\u{301}", "'\u{301}\"\u{20DD}x", "line\r\nend", "{id}",
  ]

  /// Case 13.
  @Test(arguments: names) func `a quoted identifier names what it was made from`(name: String) throws {
    let directory = try TemporaryDirectory()
    let database = try Database(path: directory.file("names.db"), access: .create)
    let quoted = SQLiteText.identifier(name)
    try database.execute("CREATE TABLE \(quoted) (\(quoted) INTEGER); INSERT INTO \(quoted) VALUES (7)")
    try database.forEach("SELECT * FROM \(quoted)") {
      #expect(Array($0.columnName(0).utf8) == Array(name.utf8))
      #expect($0.integer(0) == 7)
    }
    #expect(try database.scalar("SELECT name FROM sqlite_schema") == .text(name))
  }

  @Test(arguments: names) func `a quoted literal is the text that it was made from`(text: String) throws {
    let directory = try TemporaryDirectory()
    let database = try Database(path: directory.file("literals.db"), access: .create)
    #expect(try database.scalar("SELECT \(SQLiteText.literal(text))") == .text(text))
  }

  @Test(arguments: names) func `a token's name is the identifier without its quotes`(name: String) throws {
    let tokens = SQLTokenizer.tokens(of: "x." + SQLiteText.identifier(name) + " ")
    #expect(tokens.map(\.kind) == [.word, .symbol, .quotedName])
    #expect(Array(tokens[2].name.utf8) == Array(name.utf8))
  }

  @Test func `brackets and backticks quote too`() {
    let tokens = SQLTokenizer.tokens(of: "[a\"b] `c``d` 'e''f'")
    #expect(tokens.map(\.name) == ["a\"b", "c`d", "e'f"])
    #expect(tokens.map(\.kind) == [.quotedName, .quotedName, .string])
  }

  @Test func `SQL falls into the tokens that SQLite sees`() {
    let sql = "a||b -- c\n->>'d'/*e*/x'0f' X\"g\" 1.5e-3 .5 0x1F <>!= ?1 h$i \u{E9}t\u{E9} /*/ not yet */j/* open"
    #expect(
      SQLTokenizer.tokens(of: sql).map(\.text) == [
        "a", "||", "b", "->>", "'d'", "x'0f'", "X", "\"g\"", "1.5e-3", ".5", "0x1F", "<>", "!=", "?", "1", "h$i",
        "\u{E9}t\u{E9}", "j",
      ])
  }

  @Test func `a token knows its place in the text`() {
    let sql = "\u{E9} + \"b\""
    let bytes = Array(sql.utf8)
    for token in SQLTokenizer.tokens(of: sql) {
      #expect(Array(token.text.utf8) == Array(bytes[token.range]))
    }
  }

  @Test(arguments: ["'open", "\"open", "[open", "x'0f", "/* open", "-- open", "1e", ""])
  func `text that ends too early ends the last token`(sql: String) {
    #expect(SQLTokenizer.tokens(of: sql).count <= 1)
  }
}
