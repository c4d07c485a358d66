import Dialect
import Model
import SQLite

/// Full-text tables, whose triggers did not fire while rows came back.
package enum FullText {
  /// What became of the full-text tables.
  package struct Report: Sendable, Equatable {
    package var rebuilt: [String] = []
    /// Tables that keep their text themselves, or none at all: only the application can fill them again.
    package var stale: [String] = []
  }

  /// Builds the index of every full-text table anew that has its content in another table or in a view. Inside the
  /// caller's transaction, when all rows are in.
  /// - Throws: `Failure` where the library has not the module or the tokenizer that a table needs.
  package static func rebuild(in database: borrowing Database) throws -> Report {
    var tables: [FullTextTable] = []
    try database.forEach("SELECT sql FROM sqlite_schema WHERE type = 'table' AND rootpage = 0 ORDER BY name") {
      if let sql = $0.string(0), let table = FullTextTable(sql: sql) { tables.append(table) }
    }
    var report = Report()
    for table in tables {
      guard case .elsewhere = table.content else {
        report.stale.append(table.name)
        continue
      }
      let name = SQLiteText.identifier(table.name)
      do {
        try database.execute("INSERT INTO \(name) (\(name)) VALUES ('rebuild')")
      } catch {
        guard error.isGenericError else { throw error }
        throw Failure(
          .configuration, "the full-text index '\(table.name)' of \(database.path) cannot be built: \(error.message)",
          remedy:
            "it needs a module, a tokenizer or a content table that is not there for changeover: make it work in the "
            + "sqlite3 shell of this machine, or drop it, and let the application create it again afterwards")
      }
      report.rebuilt.append(table.name)
    }
    return report
  }
}

/// A full-text table as its CREATE VIRTUAL TABLE declares it.
struct FullTextTable: Equatable {
  enum Content: Equatable {
    /// In the table's own shadow tables.
    case own
    /// In another table, or in a view.
    case elsewhere
    case none
  }

  let name: String
  let content: Content

  /// Nil for other statements and other modules.
  init?(sql: String) {
    let tokens = SQLTokenizer.tokens(of: sql)
    guard tokens.count > 4, tokens[0].isWord("CREATE"), tokens[1].isWord("VIRTUAL"),
      let using = tokens.firstIndex(where: { $0.isWord("USING") }), using + 1 < tokens.count,
      ["fts3", "fts4", "fts5"].contains(tokens[using + 1].name.lowercased())
    else { return nil }
    name = tokens[using - 1].name
    content = Self.content(tokens[(using + 2)...])
  }

  /// What the argument `content=…` says; it stands right after the parenthesis or a comma.
  private static func content(_ tokens: ArraySlice<SQLToken>) -> Content {
    for at in tokens.indices.dropLast(2)
    where (tokens[at].isSymbol("(") || tokens[at].isSymbol(",")) && tokens[at + 1].isWord("CONTENT")
      && tokens[at + 2].isSymbol("=")
    {
      guard at + 3 < tokens.endIndex, !tokens[at + 3].isSymbol(","), !tokens[at + 3].isSymbol(")") else { return .none }
      return tokens[at + 3].name.isEmpty ? .none : .elsewhere
    }
    return .own
  }
}
