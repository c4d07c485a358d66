/// Quoting of names and literals for the few statements that cannot bind them. Values are bound, never interpolated.
package enum SQL {
  /// The name as a quoted identifier: `my"table` becomes `"my""table"`. The server cuts names at 63 bytes, and
  /// statements that hold a NUL are refused when they are sent.
  package static func quoteIdentifier(_ name: String) -> String {
    "\"" + doubling("\"", in: name) + "\""
  }

  /// A qualified name: schema and name, each quoted.
  package static func quoteIdentifier(_ schema: String, _ name: String) -> String {
    quoteIdentifier(schema) + "." + quoteIdentifier(name)
  }

  /// The text as a string literal that means the same whatever `standard_conforming_strings` says.
  package static func quoteLiteral(_ text: String) -> String {
    let quoted = "'" + doubling("'", in: text) + "'"
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return quoted }
    return " E" + doubling("\\", in: quoted)  // The space keeps a letter before the literal out of its prefix.
  }

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
