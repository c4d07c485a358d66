/// The one place where names and literals become PostgreSQL text; values are bound.
package enum PostgresText {
  /// An identifier in double quotes. The server cuts names at 63 bytes, and statements that hold a NUL are refused when
  /// they are sent.
  package static func identifier(_ name: String) -> String { "\"\(doubling("\"", in: name))\"" }

  /// `schema.name`, both quoted.
  package static func identifier(_ schema: String, _ name: String) -> String {
    "\(identifier(schema)).\(identifier(name))"
  }

  /// A string literal; the E form where a backslash would change its meaning.
  package static func literal(_ text: String) -> String {
    let quoted = doubling("'", in: text)
    guard quoted.utf8.contains(UInt8(ascii: "\\")) else { return "'\(quoted)'" }
    return "E'\(doubling("\\", in: quoted))'"
  }

  /// What stands between the quotes of a literal, for text without backslashes, such as a quoted name.
  package static func doublingQuotes(in text: String) -> String { doubling("'", in: text) }

  /// Works on scalars: a combining character after a quote makes one `Character` of both, which is no quote then.
  private static func doubling(_ quote: Unicode.Scalar, in text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      out.append(scalar)
      if scalar == quote { out.append(scalar) }
    }
    return String(out)
  }
}
