import Model

/// Translates the defaults that mean the same in both stores: literals and the current time.
enum DefaultTranslation {
  /// The DEFAULT for a column of `type`; nil where there is none or it has no plain counterpart.
  static func translate(_ expression: String?, type: TargetType) -> String? {
    guard var text = expression.map({ trimmed($0.utf8[...]) }) else { return nil }
    while text.first == UInt8(ascii: "("), isOnePair(text) { text = trimmed(text.dropFirst().dropLast()) }
    let word = String(decoding: text, as: UTF8.self)
    switch word.uppercased() {
    case "NULL": return nil
    case "TRUE": return number(.integer(1), type)
    case "FALSE": return number(.integer(0), type)
    case "CURRENT_TIMESTAMP", "DATETIME('NOW')": return time("YYYY-MM-DD HH24:MI:SS", type)
    case "CURRENT_DATE", "DATE('NOW')": return time("YYYY-MM-DD", type)
    case "CURRENT_TIME", "TIME('NOW')": return time("HH24:MI:SS", type)
    default: break
    }
    if let string = quoted(text) ?? bareWord(text) {
      return type.isText ? PostgresText.literal(string) : Number(string).flatMap { number($0, type) }
    }
    return Number(word).flatMap { number($0, type) }
  }

  /// A numeric literal of SQLite, with its sign.
  private enum Number {
    case integer(Int64)
    case real(Double)

    init?(_ text: String) {
      let sign = text.utf8.first.flatMap { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? $0 : nil }
      let digits = String(
        decoding: sign == nil ? text.utf8[...] : trimmed(text.utf8.dropFirst()), as: UTF8.self)
      guard let first = digits.utf8.first, first == UInt8(ascii: ".") || (48...57).contains(first) else { return nil }
      let isNegative = sign == UInt8(ascii: "-")
      if digits.lowercased().hasPrefix("0x") {
        // SQLite's hexadecimal literals are 64-bit two's complement.
        guard let bits = UInt64(digits.dropFirst(2), radix: 16) else { return nil }
        self = .integer(isNegative ? 0 &- Int64(bitPattern: bits) : Int64(bitPattern: bits))
      } else if let integer = Int64((isNegative ? "-" : "") + digits) {
        self = .integer(integer)
      } else if let real = Double(digits.hasSuffix(".") ? digits + "0" : digits), real.isFinite {
        self = .real(isNegative ? -real : real)
      } else {
        return nil
      }
    }
  }

  /// The number as a column of `type` holds it when a row comes from SQLite.
  private static func number(_ number: Number, _ type: TargetType) -> String? {
    switch (type, number) {
    case (.bigint, .integer(let value)), (.numeric, .integer(let value)): "\(value)"
    case (.boolean, .integer(0)): "false"
    case (.boolean, .integer(1)): "true"
    case (.smallint, .integer(let value)): Int16(exactly: value).map { "\($0)" }
    case (.integer, .integer(let value)): Int32(exactly: value).map { "\($0)" }
    // Integer affinity: 1.0 is stored as 1.
    case (.bigint, .real(let value)): Int64(exactly: value).map { "\($0)" }
    case (.double, .integer(let value)): Double(exactly: value).map { "\($0)" }
    case (.double, .real(let value)), (.numeric, .real(let value)): "\(value)"
    case (.text, .integer(let value)), (.anyText, .integer(let value)), (.keyText, .integer(let value)): "'\(value)'"
    case (.anyText, .real(let value)), (.keyText, .real(let value)): "'\(value)'"
    // Of a real in text: SQLite writes it its own way, to fifteen digits.
    default: nil
    }
  }

  /// The current time, in text columns as SQLite writes it.
  private static func time(_ format: String, _ type: TargetType) -> String? {
    let hasDate = format.hasPrefix("YYYY")
    let hasTime = format.hasSuffix("SS")
    return switch type {
    case .timestamptz where hasDate && hasTime: "now()"
    case .timestamp where hasDate && hasTime, .date where hasDate && !hasTime, .time where !hasDate:
      "(now() AT TIME ZONE 'UTC')::\(type.sql)"
    case _ where type.isText: "to_char(now() AT TIME ZONE 'UTC', '\(format)')"
    default: nil
    }
  }

  private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text = text.dropLast() }
    return text
  }

  /// Whether the first parenthesis is closed by the last character; those in quotes do not count.
  private static func isOnePair(_ text: Substring.UTF8View) -> Bool {
    var depth = 0
    var quote: UInt8?
    var rest = text
    while let byte = rest.popFirst() {
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      } else if byte == UInt8(ascii: "(") {
        depth += 1
      } else if byte == UInt8(ascii: ")") {
        depth -= 1
        if depth == 0 { return rest.isEmpty }
      }
    }
    return false
  }

  /// The string of a lone literal; nil when more follows it. A name in quotes is a string too: SQLite takes it so.
  private static func quoted(_ text: Substring.UTF8View) -> String? {
    guard let quote = text.first, [UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`")].contains(quote),
      text.count >= 2, text.last == quote
    else { return nil }
    var result: [UInt8] = []
    var isOpen = false
    for byte in text.dropFirst().dropLast() {
      if byte == quote {
        if isOpen { result.append(quote) }
        isOpen.toggle()
      } else {
        guard !isOpen else { return nil }
        result.append(byte)
      }
    }
    return isOpen ? nil : String(decoding: result, as: UTF8.self)
  }

  /// `DEFAULT yes` without quotes: SQLite takes the name for a string.
  private static func bareWord(_ text: Substring.UTF8View) -> String? {
    func isLetter(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: "_") || byte >= 0x80 || (97...122).contains(byte | 0x20)
    }
    let isWord = text.first.map(isLetter) == true && text.allSatisfy { isLetter($0) || (48...57).contains($0) }
    return isWord ? String(decoding: text, as: UTF8.self) : nil
  }
}
