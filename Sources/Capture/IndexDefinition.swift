import Dialect
import Model

/// The parts of a CREATE INDEX statement that no PRAGMA tells: the text of its expressions and of its WHERE.
struct IndexDefinition: Equatable {
  /// One for each indexed column or expression, without COLLATE, ASC and DESC.
  var terms: [String]
  var predicate: String?

  /// Reads what SQLite keeps in `sqlite_schema.sql`; nil for text that is no CREATE INDEX.
  init?(sql: String) {
    let tokens = SQLTokenizer.tokens(of: sql)
    let bytes = Array(sql.utf8)
    // CREATE [UNIQUE] INDEX name ON table ( … ) [WHERE …]: the first parenthesis opens the list.
    guard let open = tokens.firstIndex(where: { $0.isSymbol("(") }) else { return nil }
    var depth = 0
    var term: [SQLToken] = []
    var terms: [[SQLToken]] = []
    var close: Int?
    for index in open..<tokens.count {
      let token = tokens[index]
      if token.isSymbol("(") {
        depth += 1
        if depth == 1 { continue }
      }
      if token.isSymbol(")") {
        depth -= 1
        if depth == 0 {
          close = index
          break
        }
      }
      if token.isSymbol(","), depth == 1 {
        terms.append(term)
        term = []
      } else {
        term.append(token)
      }
    }
    guard let close else { return nil }
    terms.append(term)
    func text(_ tokens: ArraySlice<SQLToken>) -> String {
      guard let first = tokens.first, let last = tokens.last else { return "" }
      return String(decoding: bytes[first.range.lowerBound..<last.range.upperBound], as: UTF8.self)
    }
    self.terms = terms.map { text(Self.withoutSuffix($0[...])) }
    let rest = tokens[(close + 1)...]
    if let first = rest.first, first.isWord("WHERE") { predicate = text(rest.dropFirst()) }
  }

  private static func withoutSuffix(_ term: ArraySlice<SQLToken>) -> ArraySlice<SQLToken> {
    var term = term
    if let last = term.last, last.isWord("ASC") || last.isWord("DESC") { term = term.dropLast() }
    if term.count > 2, term[term.endIndex - 2].isWord("COLLATE") { term = term.dropLast(2) }
    return term
  }
}
