/// The one place where names and literals become PostgreSQL text; values are bound.
package enum PostgresText {
  /// An identifier in double quotes.
  package static func identifier(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// `schema.name`, both quoted.
  package static func identifier(_ schema: String, _ name: String) -> String {
    "\(identifier(schema)).\(identifier(name))"
  }

  /// A string literal; the E form where a backslash would change its meaning.
  package static func literal(_ text: String) -> String {
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard quoted.contains("\\") else { return "'\(quoted)'" }
    return "E'" + quoted.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") + "'"
  }
}
