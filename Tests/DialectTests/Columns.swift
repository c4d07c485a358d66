import Dialect
import Model

/// The table that translation tests speak of: a column of every kind.
enum Columns {
  static let all: [ScopeColumn] = [
    ScopeColumn("id", .bigint, affinity: .integer),
    ScopeColumn("small", .integer(bits: 32), affinity: .integer),
    ScopeColumn("flag", .boolean, affinity: .numeric),
    ScopeColumn("price", .numeric, affinity: .numeric),
    ScopeColumn("ratio", .double(.real), affinity: .real),
    ScopeColumn("amount", .double(.mixed), affinity: .numeric),
    ScopeColumn("name", .text, affinity: .text),
    ScopeColumn("code", .text, affinity: .text, collation: "NOCASE"),
    ScopeColumn("email", .text(isCaseInsensitive: true), affinity: .text, collation: "NOCASE"),
    ScopeColumn("note", .text, affinity: .blob),
    ScopeColumn("day", .date(.text(.day)), affinity: .numeric),
    ScopeColumn("made", .timestamp(.text(.second)), affinity: .numeric),
    ScopeColumn("precise", .timestamp(.text(TimeForm(.fraction, digits: 3))), affinity: .numeric),
    ScopeColumn("zoned", .timestamptz(.text(TimeForm(.second, usesT: true, suffix: "Z"))), affinity: .text),
    ScopeColumn("seconds", .timestamp(.seconds), affinity: .integer),
    ScopeColumn("loose", .timestamp(.mixed), affinity: .numeric),
    ScopeColumn("hour", .time(.text(.second)), affinity: .numeric),
    ScopeColumn("uid", .uuid(.text), affinity: .text),
    ScopeColumn("data", .jsonb, affinity: .text),
    ScopeColumn("raw", .bytea, affinity: .blob),
    ScopeColumn("odd", .unknown, affinity: .blob),
  ]
  static let table = Relation(name: "t", sql: "\"app\".\"t\"", columns: all, key: ["id"])

  /// The translation, or `refused: ` and why.
  static func translated(_ sql: String, _ purpose: Purpose = .check) -> String {
    do {
      return try Translator(purpose: purpose, table: table).condition(Parser.expression(sql))
    } catch {
      return "refused: \(error)"
    }
  }

  /// The same for a value that is no condition.
  static func value(_ sql: String, _ kind: ValueKind, _ affinity: Affinity = .text, _ purpose: Purpose = .view)
    -> String
  {
    do {
      return try Translator(purpose: purpose, table: table).generated(
        Parser.expression(sql), kind: kind, affinity: affinity)
    } catch {
      return "refused: \(error)"
    }
  }
}
