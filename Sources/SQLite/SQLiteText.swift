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

  /// The URI of a file that does not change while it is open (https://www.sqlite.org/uri.html).
  static func unchangingURI(_ path: String) -> String {
    var bytes = Array((path.utf8.first == UInt8(ascii: "/") ? "file://" : "file:").utf8)
    for byte in path.utf8 {
      let isPlain =
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
          UInt8(ascii: "_"):
          true
        default: false
        }
      if isPlain {
        bytes.append(byte)
      } else {
        let digits = Array("0123456789ABCDEF".utf8)
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self) + "?immutable=1"
  }
}
