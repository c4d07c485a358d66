/// A token of SQLite's SQL, with where it stands in the text.
package struct SQLToken: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A bare word: keyword or identifier.
    case word
    /// An identifier in double quotes, brackets or backticks.
    case quotedName
    case string
    case blob
    case number
    case symbol
  }
  package let kind: Kind
  /// As written, quotes included.
  package let text: String
  /// Offsets into the UTF-8 of the statement.
  package let range: Range<Int>

  /// The identifier without its quotes, byte by byte: a combining mark after a quote does not hide it.
  package var name: String {
    let bytes = Array(text.utf8)
    guard kind == .quotedName || kind == .string, let quote = bytes.first else { return text }
    let inner = bytes.dropFirst().dropLast()
    guard quote != UInt8(ascii: "[") else { return String(decoding: inner, as: UTF8.self) }
    var name: [UInt8] = []
    var isDoubled = false
    for byte in inner {
      isDoubled = byte == quote && !isDoubled
      if !isDoubled { name.append(byte) }
    }
    return String(decoding: name, as: UTF8.self)
  }

  package func isWord(_ word: String) -> Bool { kind == .word && text.uppercased() == word }
  package func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
}

/// Splits SQL text as SQLite's tokenizer does (https://www.sqlite.org/lang.html); comments and blanks are dropped.
package enum SQLTokenizer {
  package static func tokens(of sql: String) -> [SQLToken] {
    let bytes = Array(sql.utf8)
    var tokens: [SQLToken] = []
    var at = 0
    while at < bytes.count {
      let start = at
      let byte = bytes[at]
      let next = at + 1 < bytes.count ? bytes[at + 1] : 0
      var kind = SQLToken.Kind.symbol
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0C, 0x0D:
        at += 1
        continue
      case UInt8(ascii: "-") where next == UInt8(ascii: "-"):
        while at < bytes.count, bytes[at] != 0x0A { at += 1 }
        continue
      case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
        at += 2
        while at < bytes.count, !(bytes[at] == 0x2F && bytes[at - 1] == 0x2A && at > start + 2) { at += 1 }
        at = min(at + 1, bytes.count)
        continue
      case UInt8(ascii: "'"):
        at = endOfQuoted(bytes, at, close: byte)
        kind = .string
      case UInt8(ascii: "\""), UInt8(ascii: "`"):
        at = endOfQuoted(bytes, at, close: byte)
        kind = .quotedName
      case UInt8(ascii: "["):
        while at < bytes.count, bytes[at] != UInt8(ascii: "]") { at += 1 }
        at = min(at + 1, bytes.count)
        kind = .quotedName
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        if next == UInt8(ascii: "'") {
          at = endOfQuoted(bytes, at + 1, close: next)
          kind = .blob
        } else {
          at = endOfWord(bytes, at)
          kind = .word
        }
      case _ where isDigit(byte) || (byte == UInt8(ascii: ".") && isDigit(next)):
        at = endOfNumber(bytes, at)
        kind = .number
      case _ where isWordByte(byte):
        at = endOfWord(bytes, at)
        kind = .word
      default:
        let pair = [byte, next]
        at += ["||", "->", "<=", ">=", "<>", "!=", "==", "<<", ">>"].contains { Array($0.utf8) == pair } ? 2 : 1
        if pair == Array("->".utf8), at < bytes.count, bytes[at] == UInt8(ascii: ">") { at += 1 }
      }
      tokens.append(
        SQLToken(kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), range: start..<at))
    }
    return tokens
  }

  private static func endOfQuoted(_ bytes: [UInt8], _ open: Int, close: UInt8) -> Int {
    var at = open + 1
    while at < bytes.count {
      if bytes[at] == close {
        guard at + 1 < bytes.count, bytes[at + 1] == close else { return at + 1 }
        at += 1
      }
      at += 1
    }
    return bytes.count
  }

  private static func endOfWord(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start
    while at < bytes.count, isWordByte(bytes[at]) || isDigit(bytes[at]) { at += 1 }
    return at
  }

  private static func endOfNumber(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start
    while at < bytes.count {
      let byte = bytes[at]
      let signed = at > start && (bytes[at - 1] | 0x20) == UInt8(ascii: "e")
      let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      guard isDigit(byte) || isWordByte(byte) || byte == UInt8(ascii: ".") || (signed && isSign) else { break }
      at += 1
    }
    return at
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return (letter >= 0x61 && letter <= 0x7A) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte >= 0x80
  }
}
