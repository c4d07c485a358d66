import Testing

@testable import Assess

/// How text is laid out.
@Suite struct LayoutTests {
  @Test func `text is filled up or cut to just its width`() {
    #expect(TextLayout.fit("ab", to: 4) == "ab  ")
    #expect(TextLayout.fit("abcdef", to: 4) == "abc…")
    #expect(TextLayout.fit("日本語", to: 4) == "日… ")
    #expect(TextLayout.width(TextLayout.fit("日本語", to: 5)) == 5)
  }

  @Test func `lines break at blanks, and a long word where it must`() {
    #expect(TextLayout.wrap("one two three", to: 8) == ["one two", "three"])
    #expect(TextLayout.wrap("a abcdefghijklmnopq", to: 8) == ["a", "abcdefgh", "ijklmnop", "q"])
    #expect(TextLayout.wrap("", to: 8) == [])
  }

  @Test func `the widest columns of a table give way first`() {
    let rows = [["id", String(repeating: "x", count: 50), "bigint"]]
    #expect(TextLayout.columns(rows, within: 30) == [2, 18, 6])
    #expect(TextLayout.columns(rows, within: 100) == [2, 50, 6])
  }
}
