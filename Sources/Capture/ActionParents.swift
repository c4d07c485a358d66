import Dialect
import SQLite

/// The tables that need triggers which log before a row is changed.
///
/// SQLite carries a foreign key's action out before it fires the AFTER triggers of the row that the key refers to. What fails
/// under FAIL in a trigger that the action fires ends the statement there: the row stays changed, and no AFTER trigger saw it.
///
/// Told from the schema alone, and generous on purpose: a key logged for nothing costs a lookup. Which trigger an action may
/// come to fire, through other actions, triggers and views, is not asked.
struct ActionParents: Sendable {
  /// In lower case, as SQLite takes two names for one.
  private let names: Set<String>

  /// Reads them in the caller's transaction.
  static func read(_ database: borrowing Database) throws -> ActionParents {
    guard try mayFail(database) else { return ActionParents(names: []) }
    var names: Set<String> = []
    // Those of tables that stay out count too: their parents may move.
    try database.forEach(
      """
      SELECT DISTINCT f."table" FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
      WHERE s.type = 'table'
        AND (upper(f.on_update) NOT IN ('NO ACTION', 'RESTRICT') OR upper(f.on_delete) NOT IN ('NO ACTION', 'RESTRICT'))
      """
    ) { names.insert(($0.string(0) ?? "").lowercased()) }
    return ActionParents(names: names)
  }

  func contains(_ table: String) -> Bool { names.contains(table.lowercased()) }

  /// Whether anything of the application's fails under FAIL. A statement's own OR FAIL does not reach into an action.
  private static func mayFail(_ database: borrowing Database) throws -> Bool {
    var found = false
    try database.forEach("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%fail%'") {
      let isOurs = ($0.string(0) ?? "").lowercased().hasPrefix(SourceNames.prefix)
      if !isOurs, speaksOfFail($0.string(1) ?? "") { found = true }
    }
    return found
  }

  /// `RAISE(FAIL`, `OR FAIL` and `ON CONFLICT FAIL`, wherever it stands: SQLite takes RAISE in a view or a CHECK constraint too,
  /// once a trigger uses them.
  static func speaksOfFail(_ sql: String) -> Bool {
    let tokens = SQLTokenizer.tokens(of: sql)
    return tokens.indices.dropFirst().contains { place in
      guard tokens[place].isWord("FAIL") else { return false }
      let before = tokens[place - 1]
      if before.isSymbol("(") { return place > 1 && tokens[place - 2].isWord("RAISE") }
      return before.isWord("OR") || before.isWord("CONFLICT")
    }
  }
}
