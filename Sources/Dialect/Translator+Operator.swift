import Model

/// Arithmetic, bits, logic and concatenation.
extension Translator {
  func translate(_ sign: UnaryOperator, _ operand: Expression) throws(Untranslatable) -> Translation {
    let value = try translate(operand)
    switch sign {
    case .not:
      let condition = try truth(value)
      if condition.isNull { return condition }
      return Translation("NOT \(condition.operand)", .boolean, isAtom: false)
    case .plus:
      // It does nothing but hide the column, and so its affinity.
      var result = value
      if result.affinity != nil { result.affinity = .blob }
      return result
    case .minus:
      let number = try asDouble(number(value))
      if number.isNull { return number }
      if let literal = number.literal, let signed = literal.signed(.minus) {
        return try translate(Expression.literal(signed))
      }
      return try arithmetic(.subtract, .integer(0), number, sql: "-")
    case .complement:
      let number = try integers(value, "~")
      return number.isNull
        ? number : Translation("~ \(number.cast(to: "bigint", .bigint).operand)", .bigint, isAtom: false)
    }
  }

  func translate(
    _ symbol: BinaryOperator, _ left: Expression, _ right: Expression
  ) throws(Untranslatable) -> Translation {
    if symbol == .extract || symbol == .extractText { return try jsonPath(symbol, left, right) }
    if symbol == .is || symbol == .isNot, case .literal(.boolean(let wanted)) = right {
      let condition = try truth(translate(left))
      let words = "IS \(symbol == .isNot ? "NOT " : "")\(wanted ? "TRUE" : "FALSE")"
      return Translation("\(condition.operand) \(words)", .boolean, isAtom: false)
    }
    if [.equal, .notEqual, .is, .isNot].contains(symbol), case .row(let first) = left, case .row(let second) = right {
      return try rows(symbol, first, second)
    }
    let (a, b) = (try translate(left), try translate(right))
    switch symbol {
    case .and, .or:
      let (a, b) = (try truth(a), try truth(b))
      // AND binds tighter than OR; anything else inside is in parentheses where it could be misread.
      return Translation("\(a.operand) \(symbol.rawValue) \(b.operand)", .boolean, isAtom: false)
    case .concatenate: return try concatenation(a, b)
    case .add, .subtract, .multiply:
      return try arithmetic(symbol, asDouble(number(a)), asDouble(number(b)))
    case .divide: return try quotient(asDouble(number(a)), asDouble(number(b)))
    case .remainder: return try remainder(integers(a, "%"), integers(b, "%"))
    case .bitAnd, .bitOr, .shiftLeft, .shiftRight: return try bits(symbol, a, b)
    default: return try compare(symbol, a, b)
    }
  }

  private func rows(
    _ symbol: BinaryOperator, _ left: [Expression], _ right: [Expression]
  ) throws(Untranslatable) -> Translation {
    guard left.count == right.count, !left.isEmpty else { throw Untranslatable("rows of different lengths") }
    var tests: [String] = []
    for (a, b) in zip(left, right) { tests.append(try compare(symbol, translate(a), translate(b)).operand) }
    let word = symbol == .equal || symbol == .is ? " AND " : " OR "
    return Translation(tests.joined(separator: word), .boolean, isAtom: false)
  }

  private func concatenation(_ left: Translation, _ right: Translation) throws(Untranslatable) -> Translation {
    let (a, b) = (try text(left), try text(right))
    if let first = a.string, let second = b.string { return try .string(first + second) }
    var result = Translation("\(a.operand) || \(b.operand)", .text, isAtom: false)
    result.hasC = (a.hasC && !a.isNull) || (b.hasC && !b.isNull)
    propagateCollation([left, right], to: &result)
    return result
  }

  // MARK: Arithmetic

  /// A column of decimals computes in SQLite as doubles do.
  private func asDouble(_ value: Translation) throws(Untranslatable) -> Translation {
    guard value.kind == .numeric, !value.isUnbounded else { return value }
    return value.cast(to: "double precision", .double(.mixed))
  }

  func arithmetic(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation, sql prefix: String? = nil
  ) throws(Untranslatable) -> Translation {
    if left.isNull || right.isNull { return .null(left.isNull ? right.kind : left.kind) }
    let (a, b) = (left, right)
    func result(_ kind: ValueKind, _ first: String, _ second: String) -> Translation {
      Translation(prefix.map { "\($0)\(second)" } ?? "\(first) \(symbol.rawValue) \(second)", kind, isAtom: false)
    }
    switch (a.kind, b.kind) {
    case (.integer, .integer): return try integerArithmetic(symbol, a, b, prefix)
    case (.numeric, .numeric), (.numeric, .integer), (.integer, .numeric):
      var wide = result(.numeric, a.operand, b.operand)
      wide.magnitude = .infinity
      return wide
    case (.double, .double), (.double, .integer), (.integer, .double), (.double, .numeric), (.numeric, .double):
      let isReal = a.kind == .double(.real) || b.kind == .double(.real)
      guard !a.isUnbounded, !b.isUnbounded else { throw Untranslatable("a computed 64-bit integer beside a real") }
      let isKnown = a.literal != nil || b.literal != nil
      let greatest = isKnown ? [a, b].filter { $0.literal != nil }.map(\.magnitude).max() ?? 0 : 0
      if !isReal, (purpose.mayOverflow ? greatest : max(a.magnitude, b.magnitude)) > 0x1p53 {
        throw Untranslatable("64-bit integers are computed with decimals, which SQLite may hold as integers")
      }
      let kind = ValueKind.double(isReal ? .real : .mixed)
      let areConstants = a.literal != nil && b.literal != nil
      func operand(_ value: Translation) -> String {
        if value.kind == .numeric { return value.cast(to: "double precision", kind).operand }
        return areConstants || value.literal == nil ? value.operand : value.bare
      }
      // A literal beside an integer column would make both numeric.
      let first = b.kind.isDouble && b.literal == nil ? operand(a) : a.operand
      let second = a.kind.isDouble && a.literal == nil ? operand(b) : b.operand
      return result(kind, first, second)
    default: throw Untranslatable("a computation with text")
    }
  }

  private func integerArithmetic(
    _ symbol: BinaryOperator, _ a: Translation, _ b: Translation, _ prefix: String?
  ) throws(Untranslatable) -> Translation {
    let magnitude = symbol == .multiply ? a.magnitude * b.magnitude : a.magnitude + b.magnitude
    var (first, second) = (a.operand, b.operand)
    var kind = ValueKind.integer(bits: max(a.kind.bits, b.kind.bits))
    if magnitude >= 0x1p63, a.literal != nil, b.literal != nil { throw Untranslatable("constants that overflow") }
    if magnitude >= 0x1p63, !purpose.mayOverflow {
      // SQLite goes on with a real where 64 bits overflow; numeric goes on, too.
      first = a.cast(to: "numeric", .numeric).operand
      kind = .numeric
      if prefix != nil { second = b.cast(to: "numeric", .numeric).operand }
    } else if magnitude >= Translation.magnitude(bits: kind.bits), kind.bits < 64 {
      kind = .bigint
      if prefix != nil || a.literal != nil {
        second = b.cast(to: "bigint", .bigint).operand
      } else {
        first = a.cast(to: "bigint", .bigint).operand
      }
    }
    var result = Translation(
      prefix.map { "\($0)\(second)" } ?? "\(first) \(symbol.rawValue) \(second)", kind, isAtom: false)
    result.magnitude = kind == .numeric ? .infinity : min(magnitude, 0x1p63)
    return result
  }

  /// Division by zero is NULL in SQLite; integers divide to integers in both.
  private func quotient(_ left: Translation, _ right: Translation) throws(Untranslatable) -> Translation {
    if left.isNull || right.isNull { return .null(left.isNull ? right.kind : left.kind) }
    let divisor = try divisor(right)
    switch (left.kind, right.kind) {
    case (.integer, .integer):
      if right.integer == -1 || (right.integer == nil && left.magnitude >= 0x1p63), !purpose.mayOverflow {
        throw Untranslatable("a quotient that may overflow")
      }
      let dividend = right.integer.map { $0 != -1 } ?? false ? left : Self.widened(left)
      var result = Translation("\(dividend.operand) / \(divisor)", .bigint, isAtom: false)
      result.kind = .integer(bits: max(dividend.kind.bits, right.kind.bits))
      result.magnitude = left.magnitude
      return result
    case (.double, .double), (.double, .integer), (.integer, .double):
      guard left.kind == .double(.real) || right.kind == .double(.real) else { break }
      let first = right.kind.isDouble && right.literal == nil ? left.bare : left.operand
      return Translation("\(first) / \(divisor)", .double(.real), isAtom: false)
    default: break
    }
    throw Untranslatable("a quotient of numbers that SQLite may hold as integers, and then cuts")
  }

  private func divisor(_ value: Translation) throws(Untranslatable) -> String {
    switch value.literal {
    case .integer(let number) where number != 0: value.operand
    case .real(let number) where number != 0: value.operand
    default: "NULLIF(\(value.sql), 0)"
    }
  }

  private func remainder(_ left: Translation, _ right: Translation) throws(Untranslatable) -> Translation {
    if left.isNull || right.isNull { return .null(.bigint) }
    var result = Translation("\(left.operand) % \(try divisor(right))", .bigint, isAtom: false)
    result.kind = .integer(bits: max(left.kind.bits, right.kind.bits))
    result.magnitude = min(left.magnitude, right.magnitude)
    return result
  }

  private func integers(_ value: Translation, _ symbol: String) throws(Untranslatable) -> Translation {
    let number = try number(value)
    switch number.kind {
    case .integer, .null: return number
    default: throw Untranslatable("\(symbol) of a real number")
    }
  }

  private func bits(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    let (a, b) = (try integers(left, symbol.rawValue), try integers(right, symbol.rawValue))
    if a.isNull || b.isNull { return .null(.bigint) }
    let wide = a.cast(to: "bigint", .bigint).operand
    if symbol == .shiftLeft || symbol == .shiftRight {
      guard let distance = b.integer, (0...63).contains(distance) else {
        throw Untranslatable("a shift by a number of bits that is not known")
      }
      return Translation("\(wide) \(symbol.rawValue) \(distance)", .bigint, isAtom: false)
    }
    var result = Translation("\(wide) \(symbol.rawValue) \(b.operand)", .bigint, isAtom: false)
    if symbol == .bitAnd {
      for mask in [a, b] where (mask.integer ?? -1) >= 0 { result.magnitude = min(result.magnitude, mask.magnitude) }
    }
    return result
  }

  // MARK: CAST

  func translate(_ operand: Expression, as type: String) throws(Untranslatable) -> Translation {
    let value = try translate(operand)
    let affinity = Affinity(declared: type)
    var result = try cast(value, affinity)
    result.affinity = affinity
    result.collation = value.collation
    result.isCollationExplicit = value.isCollationExplicit
    return result
  }

  private func cast(_ value: Translation, _ affinity: Affinity) throws(Untranslatable) -> Translation {
    if value.isNull { return .null(affinity == .text ? .text : affinity == .real ? .double(.real) : .bigint) }
    switch (affinity, value.kind) {
    case (.text, _): return try text(value)
    case (.integer, .text), (.numeric, .text):
      if let integer = value.integerForm {
        return Translation(integer, .integer(bits: integer.hasSuffix("::bigint") ? 64 : 32))
      }
      if let string = value.string, case .integer(let integer) = NumberText.literal(string) { return .integer(integer) }
      throw Untranslatable("a CAST of text to a number, which SQLite reads as far as it goes")
    case (.integer, .integer), (.integer, .boolean), (.numeric, .integer), (.numeric, .boolean):
      return try number(value)
    case (.integer, .double):
      let number = value.operand
      return Translation(
        """
        CASE WHEN \(number) >= 9223372036854775807 THEN 9223372036854775807 \
        WHEN \(number) <= -9223372036854775808 THEN '-9223372036854775808'::bigint ELSE trunc(\(value.sql))::bigint END
        """, .bigint)
    case (.real, .integer), (.real, .boolean), (.real, .double), (.real, .numeric):
      return try number(value).cast(to: "double precision", .double(.real))
    case (.numeric, .double(.mixed)), (.numeric, .numeric): return value
    default: throw Untranslatable("this CAST")
    }
  }
}

extension ValueKind {
  var isDouble: Bool { if case .double = self { true } else { false } }
  var bits: Int { if case .integer(let bits) = self { bits } else { 64 } }
}
