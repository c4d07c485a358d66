import Model

/// Translates the defaults that mean the same in both stores: literals and the current time.
enum DefaultTranslation {
  /// The DEFAULT for a column of `type`; nil where there is none or it has no plain counterpart.
  static func translate(_ expression: String?, type: TargetType) -> String? {
    guard var text = expression.map(trimmed) else { return nil }
    while text.hasPrefix("("), text.hasSuffix(")"), isOnePair(text) {
      text = trimmed(String(text.dropFirst().dropLast()))
    }
    switch text.uppercased() {
    case "NULL": return nil
    case "TRUE": return number("1", type)
    case "FALSE": return number("0", type)
    case "CURRENT_TIMESTAMP", "DATETIME('NOW')": return time("YYYY-MM-DD HH24:MI:SS", type)
    case "CURRENT_DATE", "DATE('NOW')": return time("YYYY-MM-DD", type)
    case "CURRENT_TIME", "TIME('NOW')": return time("HH24:MI:SS", type)
    default: break
    }
    if text.hasPrefix("'"), let string = stringLiteral(text) {
      if type.isText { return PostgresText.literal(string) }
      return number(string, type)
    }
    return number(text, type)
  }

  private static func number(_ text: String, _ type: TargetType) -> String? {
    switch type {
    case .bigint: return Int64(text).map { String($0) }
    case .double: return Double(text).flatMap { $0.isFinite ? "\($0)" : nil }
    case .anyText: return (Int64(text).map { String($0) }).map { PostgresText.literal($0) }
    case .text: return Int64(text) == nil ? nil : PostgresText.literal(text)
    case .bytea: return nil
    }
  }

  /// The current time as the text that SQLite stores.
  private static func time(_ format: String, _ type: TargetType) -> String? {
    guard type.isText else { return nil }
    return "to_char(now() AT TIME ZONE 'UTC', '\(format)')"
  }

  private static func trimmed(_ text: String) -> String {
    var text = text[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }

  private static func isOnePair(_ text: String) -> Bool {
    var depth = 0
    for (offset, character) in text.enumerated() {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if depth == 0, offset < text.count - 1 { return false }
    }
    return depth == 0
  }

  /// The string of a lone literal; nil when more follows it.
  private static func stringLiteral(_ text: String) -> String? {
    let inner = text.dropFirst().dropLast()
    guard text.count >= 2, text.hasSuffix("'") else { return nil }
    var result = ""
    var quotes = 0
    for character in inner {
      if character == "'" {
        quotes += 1
        if quotes.isMultiple(of: 2) { result.append("'") }
      } else {
        guard quotes.isMultiple(of: 2) else { return nil }
        result.append(character)
      }
    }
    return quotes.isMultiple(of: 2) ? result : nil
  }
}
