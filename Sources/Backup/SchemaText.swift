import Model
import SQLite

/// A database's schema as the statements that create it, with the settings that the file itself carries.
enum SchemaText {
  static func read(_ database: borrowing Database) throws -> String {
    let encoding = try database.string("PRAGMA encoding") ?? ""
    var text = "PRAGMA encoding = \(SQLiteText.literal(encoding));\n"
    for setting in ["page_size", "auto_vacuum", "user_version", "application_id"] {
      text += "PRAGMA \(setting) = \(try database.integer("PRAGMA \(setting)"));\n"
    }
    // In the order of creation: a table before what names it.
    try database.forEach("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") {
      let sql = $0.string(0) ?? ""
      // A comment at the end would swallow the semicolon.
      text += "\n\(sql)\(sql.utf8.contains(UInt8(ascii: "-")) && sql.contains("--") ? "\n" : "");\n"
    }
    return text
  }
}
