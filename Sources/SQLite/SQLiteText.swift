/// The one place where names and literals become SQLite text; values are bound.
package enum SQLiteText {
  /// An identifier in double quotes.
  package static func identifier(_ name: String) -> String { quoted(name, by: UInt8(ascii: "\"")) }

  /// A string literal in single quotes.
  package static func literal(_ text: String) -> String { quoted(text, by: UInt8(ascii: "'")) }

  /// Byte by byte: to Swift a quote and a combining mark after it are one character, and no quote.
  private static func quoted(_ text: String, by quote: UInt8) -> String {
    var bytes = [quote]
    for byte in text.utf8 {
      if byte == quote { bytes.append(quote) }
      bytes.append(byte)
    }
    bytes.append(quote)
    return String(decoding: bytes, as: UTF8.self)
  }
}
