import Dialect

/// What a trigger of the application's own can do to ours, told from its statement.
///
/// SQLite fires a row's AFTER triggers from the newest to the oldest. One that ends with `RAISE(IGNORE)`, or fails under OR FAIL,
/// leaves the row changed and passes over those that were to follow: an older one of ours does not see the change. Before the
/// row is changed nothing can be hidden in this way.
struct ApplicationTrigger: Sendable {
  let isAfter: Bool
  /// Whether it may end before its end: it RAISEs, or it writes, and a write fails where a constraint or a trigger says no.
  let canFail: Bool

  init(sql: String) {
    let tokens = SQLTokenizer.tokens(of: sql)
    var place = (tokens.firstIndex { $0.isWord("TRIGGER") } ?? 0) + 1
    if tokens.dropFirst(place).first?.isWord("IF") == true { place += 3 }
    // The name, and that of a schema before it.
    place += tokens.dropFirst(place + 1).first?.isSymbol(".") == true ? 3 : 1
    isAfter = tokens.dropFirst(place).first?.isWord("AFTER") == true
    let body = tokens.drop { !$0.isWord("BEGIN") }
    canFail =
      tokens.dropFirst(place).contains { $0.isWord("RAISE") }  // In WHEN too.
      || body.contains { token in Self.verbs.contains { token.isWord($0) } }
  }

  private static let verbs = ["INSERT", "REPLACE", "UPDATE", "DELETE"]
}
