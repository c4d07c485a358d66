import Model

/// Paths into JSON columns. What a path leads to has no single type in SQLite; it can be compared with constants.
extension Translator {
  func jsonFunction(_ call: FunctionCall) throws(Untranslatable) -> Translation {
    let arguments = call.arguments
    guard let first = arguments.first else { throw Untranslatable("\(call.name)() without arguments") }
    switch (call.name, arguments.count) {
    case ("json_extract", 2): return try value(document(first), path(arguments[1]))
    case ("json_valid", 1):
      let column = try translate(first)
      guard column.kind == .json || column.kind == .jsonb else { break }
      return Translation("CASE WHEN \(column.operand) IS NOT NULL THEN true END", .boolean)
    case ("json_array_length", 1...2):
      let place = try document(first) + (arguments.count == 2 ? path(arguments[1]) : "")
      let sql = """
        CASE WHEN (\(place)) IS NULL THEN NULL \
        WHEN jsonb_typeof(\(place)) = 'array' THEN jsonb_array_length(\(place)) ELSE 0 END
        """
      return Translation(sql, .integer(bits: 32))
    case ("json_type", 1...2):
      let place = try document(first) + (arguments.count == 2 ? path(arguments[1]) : "")
      guard try translate(first).kind == .json else {
        throw Untranslatable("json_type() of a jsonb column, which does not keep how a number was written")
      }
      _ = place
    default: break
    }
    throw Untranslatable("\(call.name)() has no counterpart for these arguments")
  }

  /// `document -> path` and `document ->> path`.
  func jsonPath(
    _ symbol: BinaryOperator, _ left: Expression, _ right: Expression
  ) throws(Untranslatable) -> Translation {
    guard symbol == .extractText else {
      throw Untranslatable("-> gives JSON text, which PostgreSQL writes differently")
    }
    return try value(document(left), step(right))
  }

  private func value(_ document: String, _ path: String) throws(Untranslatable) -> Translation {
    // JSON's null is NULL in SQLite.
    Translation("NULLIF(\(document)\(path), 'null'::jsonb)", .jsonValue)
  }

  /// A JSON column, or a place in one.
  private func document(_ expression: Expression) throws(Untranslatable) -> String {
    if case .binary(.extract, let inner, let path) = expression { return try document(inner) + step(path) }
    let column = try translate(expression)
    switch column.kind {
    case .jsonb: return column.operand
    case .json: return "\(column.operand)::jsonb"
    default: throw Untranslatable("JSON in a column that is not of a JSON type")
    }
  }

  /// What stands behind -> and ->>: a key, a number or a path.
  private func step(_ expression: Expression) throws(Untranslatable) -> String {
    switch expression {
    case .literal(.integer(let index)): return " -> \(try self.index(String(index)))"
    case .literal(.string(let key)) where !key.hasPrefix("$"): return " -> \(PostgresText.literal(key))"
    default: return try path(expression)
    }
  }

  private func index(_ digits: String) throws(Untranslatable) -> String {
    guard let index = Int32(digits), index >= 0 else { throw Untranslatable("a JSON path that counts from the end") }
    return String(index)
  }

  /// `$.key.key[0]` as a chain of ->.
  private func path(_ expression: Expression) throws(Untranslatable) -> String {
    guard case .literal(.string(let path)) = expression, path.hasPrefix("$") else {
      throw Untranslatable("a JSON path that is not known")
    }
    var chain = ""
    var rest = path.unicodeScalars.dropFirst()
    while let scalar = rest.popFirst() {
      if scalar == ".", rest.first == "\"" {
        rest.removeFirst()
        let key = String(String.UnicodeScalarView(rest.prefix { $0 != "\"" }))
        rest = rest.drop { $0 != "\"" }.dropFirst()
        guard !key.contains("\\") else { throw Untranslatable("this JSON path") }
        chain += " -> \(PostgresText.literal(key))"
      } else if scalar == "." {
        let key = String(String.UnicodeScalarView(rest.prefix { $0 != "." && $0 != "[" }))
        rest = rest.drop { $0 != "." && $0 != "[" }
        guard !key.isEmpty, !key.contains("\"") else { throw Untranslatable("this JSON path") }
        chain += " -> \(PostgresText.literal(key))"
      } else {
        let digits = String(String.UnicodeScalarView(rest.prefix { $0 != "]" }))
        rest = rest.drop { $0 != "]" }
        guard scalar == "[", rest.popFirst() == "]" else { throw Untranslatable("this JSON path") }
        chain += " -> \(try index(digits))"
      }
    }
    return chain
  }

  /// A JSON value compared with a constant: text equals only text, a number a number or a truth.
  func compareJSON(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    let (value, constant) = left.kind == .jsonValue ? (left, right) : (right, left)
    guard [.equal, .notEqual, .is, .isNot].contains(symbol) else {
      throw Untranslatable("a JSON value is compared, whose type may be any")
    }
    if let text = constant.string {
      // A document is text to SQLite, and would begin so.
      guard let first = text.utf8.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else {
        throw Untranslatable("a JSON value is compared with a document")
      }
      let json = PostgresText.literal(JSON.string(text).text)
      return operation(symbol, value.operand, "\(json)::jsonb")
    }
    guard let integer = constant.integer, symbol == .equal || symbol == .notEqual else {
      throw Untranslatable("a JSON value is compared, whose type may be any")
    }
    guard integer == 0 || integer == 1 else { return operation(symbol, value.operand, "'\(integer)'::jsonb") }
    let list = "('\(integer)'::jsonb, '\(integer == 1)'::jsonb)"
    return Translation("\(value.operand) \(symbol == .equal ? "IN" : "NOT IN") \(list)", .boolean, isAtom: false)
  }
}
