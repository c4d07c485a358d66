import Model
import Testing

@testable import Capture

/// How columns came to be others, told from what they were and what they are.
@Suite struct ColumnAlignmentTests {
  private static func columns(_ text: String) -> [SourceColumn] {
    text.split(separator: " ").map { word in
      let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
      let declared = parts.count > 1 ? parts[1] : ""
      return SourceColumn(name: parts[0], declared: declared, affinity: Affinity(declared: declared))
    }
  }

  @Test(
    arguments: [
      ("a b c", "a b c", []), ("a b", "a b c d", [.added("c"), .added("d")]), ("a b c", "a c", [.dropped("b")]),
      ("a b c", "a", [.dropped("b"), .dropped("c")]), ("a b c", "a x c", [.renamed(from: "b", to: "x")]),
      ("a b", "x y", [.renamed(from: "a", to: "x"), .renamed(from: "b", to: "y")]),
      ("a b c", "a c d:INT", [.dropped("b"), .added("d")]),
      ("a b", "a x y", [.renamed(from: "b", to: "x"), .added("y")]),
      // Another declaration: no rename.
      ("a b:INT", "a c:TEXT", [.dropped("b"), .added("c")]),
    ] as [(String, String, [ColumnAlignment.Change])])
  func `what ALTER TABLE can have done is told`(before: String, after: String, changes: [ColumnAlignment.Change]) {
    let alignment = ColumnAlignment(from: Self.columns(before), to: Self.columns(after))
    #expect(alignment?.changes == changes)
  }

  @Test(arguments: [
    ("a b c", "a c b"), ("a b", "a:INT b"), ("a c", "a b:INT c"), ("a b c", "a x"), ("a b:INT c d", "a x d"),
  ])
  func `what it cannot, or what leaves open which values went where, is not`(before: String, after: String) {
    #expect(ColumnAlignment(from: Self.columns(before), to: Self.columns(after)) == nil)
  }

  @Test func `two spellings of a letter are two names`() {
    let alignment = ColumnAlignment(from: Self.columns("\u{E9}"), to: Self.columns("e\u{301}"))
    #expect(alignment?.changes == [.renamed(from: "\u{E9}", to: "e\u{301}")])
  }
}
