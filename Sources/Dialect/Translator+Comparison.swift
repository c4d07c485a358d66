import Model

/// Comparisons: what is compared with what, as which kind, by which collation (https://www.sqlite.org/datatype3.html).
extension Translator {
  func compare(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    let isNullSafe = symbol == .is || symbol == .isNot
    if left.isNull || right.isNull {
      guard isNullSafe else { return .null(.boolean) }
      if left.isNull && right.isNull { return .boolean(symbol == .is) }
      let other = left.isNull ? right : left
      return Translation("\(other.operand) IS \(symbol == .is ? "" : "NOT ")NULL", .boolean, isAtom: false)
    }
    if right.kind.timeStorage != nil, left.kind.timeStorage == nil, let mirrored = symbol.mirrored {
      return try compare(mirrored, right, left)
    }
    if left.kind.timeStorage != nil { return try compareTime(symbol, left, right) }
    let (left, right) = try withAffinities(left, right, symbol)
    if left.kind.isNumber && right.kind.isNumber { return try compareNumbers(symbol, left, right) }
    if left.kind.isText && right.kind.isText { return try compareText(symbol, left, right) }
    if left.kind == .jsonValue || right.kind == .jsonValue { return try compareJSON(symbol, left, right) }
    switch (left.kind, right.kind) {
    case (.bytea, .bytea): return operation(symbol, left.operand, right.operand)
    case (.uuid(let a), .uuid(let b)) where a == b && a != .mixed:
      return operation(symbol, left.operand, right.operand)
    case (.uuid(.text), .text):
      guard let string = right.string else { break }
      return operation(symbol, left.operand, try uuidLiteral(string).operand)
    case (.text, .uuid(.text)):
      guard let string = left.string else { break }
      return operation(symbol, try uuidLiteral(string).operand, right.operand)
    case (.uuid(.blob), .bytea), (.bytea, .uuid(.blob)):
      let (id, blob) = left.kind == .bytea ? (right, left) : (left, right)
      guard case .blob = blob.literal, let literal = blob.literal, let mirrored = symbol.mirrored else { break }
      let constant = try self.literal(literal, as: .uuid(.blob), .blob)
      return operation(left.kind == .bytea ? mirrored : symbol, id.operand, "\(constant.sql)::uuid")
    default: break
    }
    throw Untranslatable(Self.mismatch(left.kind, right.kind))
  }

  private static func mismatch(_ left: ValueKind, _ right: ValueKind) -> String {
    if left.isNumber && right.isText || left.isText && right.isNumber {
      return "text is compared with a number, which SQLite does by type"
    }
    if left == .unknown || right == .unknown { return "a column without one type is compared" }
    return "values of different kinds are compared"
  }

  func operation(_ symbol: BinaryOperator, _ left: String, _ right: String) -> Translation {
    let words =
      switch symbol {
      case .is: "IS NOT DISTINCT FROM"
      case .isNot: "IS DISTINCT FROM"
      default: symbol.rawValue
      }
    return Translation("\(left) \(words) \(right)", .boolean, isAtom: false)
  }

  // MARK: Affinity

  /// SQLite applies the affinity of one side's column to the other side before it compares.
  private func withAffinities(
    _ left: Translation, _ right: Translation, _ symbol: BinaryOperator
  ) throws(Untranslatable) -> (Translation, Translation) {
    if left.hasNumericAffinity, !right.hasNumericAffinity {
      return (left, try numeric(right, beside: left, symbol))
    }
    if right.hasNumericAffinity, !left.hasNumericAffinity {
      return (try numeric(left, beside: right, symbol), right)
    }
    if left.affinity == .text, right.affinity == nil || right.affinity == .blob, right.kind.isNumber {
      return (left, try text(right))
    }
    if right.affinity == .text, left.affinity == nil || left.affinity == .blob, left.kind.isNumber {
      return (try text(left), right)
    }
    return (left, right)
  }

  private func numeric(
    _ value: Translation, beside other: Translation, _ symbol: BinaryOperator
  ) throws(Untranslatable) -> Translation {
    guard value.kind.isText else { return value }
    if let string = value.string {
      guard let number = NumberText.literal(string) else { return value }
      guard case .integer(let integer) = number else {
        guard case .real(let real) = number else { return value }
        return .real(real)
      }
      return .integer(integer)
    }
    // Text in a column of numeric affinity is no number, and so equals none.
    if other.kind.isText, symbol == .equal || symbol == .notEqual || symbol == .is || symbol == .isNot { return value }
    throw Untranslatable("text is compared with a number, which SQLite does by type")
  }

  // MARK: Numbers

  private func compareNumbers(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    if left.kind == .boolean || right.kind == .boolean {
      if let (a, b) = booleans(left, right) { return operation(symbol, a.operand, b.operand) }
      return try compareNumbers(symbol, number(left), number(right))
    }
    switch (left.kind, right.kind) {
    case (.integer, .double):
      if left.literal == nil, right.literal == nil, left.magnitude > 0x1p53 {
        guard let mirrored = symbol.mirrored else { break }
        return Self.exactly(mirrored, real: right, integer: left)
      }
      try checkPrecision(left, right)
    case (.double, .integer):
      if left.literal == nil, right.literal == nil, right.magnitude > 0x1p53 {
        return Self.exactly(symbol, real: left, integer: right)
      }
      try checkPrecision(right, left)
    case (.numeric, .double), (.double, .numeric):
      guard left.magnitude <= 0x1p53, right.magnitude <= 0x1p53 else {
        throw Untranslatable("a computed 64-bit integer beside a real")
      }
    default: break
    }
    // Two constants have no column to give them a type.
    let areConstants = left.literal != nil && right.literal != nil
    return operation(symbol, areConstants ? left.operand : left.bare, areConstants ? right.operand : right.bare)
  }

  /// Both as booleans: two of them, or one beside 0 or 1.
  private func booleans(_ left: Translation, _ right: Translation) -> (Translation, Translation)? {
    func boolean(_ value: Translation) -> Translation? {
      if value.kind == .boolean { return value }
      guard let integer = value.integer, integer == 0 || integer == 1 else { return nil }
      return .boolean(integer == 1)
    }
    guard let left = boolean(left), let right = boolean(right) else { return nil }
    return (left, right)
  }

  private func checkPrecision(_ integer: Translation, _ real: Translation) throws(Untranslatable) {
    if case .real(let value) = real.literal {
      guard abs(value) <= 0x1p53 || integer.magnitude <= 0x1p53 else {
        throw Untranslatable("a 64-bit integer beside a real beyond 2⁵³")
      }
    } else if integer.literal != nil, integer.magnitude > 0x1p53 {
      throw Untranslatable("a real beside an integer beyond 2⁵³")
    }
  }

  /// Compares as SQLite does, digit by digit: PostgreSQL would round a 64-bit integer to the nearest double.
  private static func exactly(_ symbol: BinaryOperator, real: Translation, integer: Translation) -> Translation {
    func either(_ smaller: Bool) -> String {
      switch symbol {
      case .less, .lessOrEqual: smaller ? "true" : "false"
      case .greater, .greaterOrEqual: smaller ? "false" : "true"
      case .notEqual, .isNot: "true"
      default: "false"
      }
    }
    let (x, y) = (real.operand, integer.operand)
    let words = symbol == .is ? "IS NOT DISTINCT FROM" : symbol == .isNot ? "IS DISTINCT FROM" : symbol.rawValue
    let isNullSafe = symbol == .is || symbol == .isNot
    let near = isNullSafe ? "\(y) IS NULL OR abs(\(x)) < 9007199254740992" : "abs(\(x)) < 9007199254740992"
    let null = isNullSafe ? "" : "WHEN \(y) IS NULL THEN NULL "
    return Translation(
      """
      CASE \(null)WHEN \(near) THEN \(x) \(words) \(y)::double precision \
      WHEN \(x) >= 9223372036854775808 THEN \(either(false)) WHEN \(x) < -9223372036854775808 THEN \(either(true)) \
      ELSE \(x)::bigint \(words) \(y) END
      """, .boolean)
  }

  // MARK: Text

  private func compareText(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    let collation = Self.collation(left, right)
    var (a, b) = (try collated(left, collation), try collated(right, collation))
    let isOrder = ![.equal, .notEqual, .is, .isNot].contains(symbol)
    if isOrder, !a.hasC || a.literal != nil, !b.hasC || b.literal != nil { a = withC(uncollated(a)) }
    b = plain(b)
    return operation(symbol, a.operand, b.operand)
  }

  /// An explicit collation first, then that of the left column, then that of the right one.
  static func collation(_ left: Translation, _ right: Translation) -> String {
    if left.isCollationExplicit { return left.collation ?? "BINARY" }
    if right.isCollationExplicit { return right.collation ?? "BINARY" }
    return left.collation ?? right.collation ?? "BINARY"
  }

  // MARK: BETWEEN, IN, CASE

  func between(
    _ value: Translation, _ low: Translation, _ high: Translation
  ) throws(Untranslatable) -> Translation {
    let above = try compare(.greaterOrEqual, value, low)
    let below = try compare(.lessOrEqual, value, high)
    let (lowPrefix, highPrefix) = ("\(value.operand) >= ", "\(value.operand) <= ")
    if above.sql.hasPrefix(lowPrefix), below.sql.hasPrefix(highPrefix) {
      let (low, high) = (above.sql.dropFirst(lowPrefix.count), below.sql.dropFirst(highPrefix.count))
      return Translation("\(value.operand) BETWEEN \(low) AND \(high)", .boolean, isAtom: false)
    }
    return Translation("\(above.operand) AND \(below.operand)", .boolean, isAtom: false)
  }

  func membership(_ value: Translation, _ list: [Expression]) throws(Untranslatable) -> Translation {
    // SQLite's own extension: nothing is in an empty list, not even NULL.
    guard !list.isEmpty else { return .boolean(false) }
    var tests: [Translation] = []
    for element in list {
      var right = try translate(element)
      // In a list a column has no affinity and no collation.
      if right.affinity != nil { right.affinity = .blob }
      right.collation = nil
      right.isCollationExplicit = false
      tests.append(right.isNull ? .null(.boolean) : try compare(.equal, value, right))
    }
    let prefix = "\(try membershipSubject(value)) = "
    if tests.allSatisfy({ $0.sql.hasPrefix(prefix) || $0.isNull }) {
      let elements = tests.map { $0.isNull ? "NULL" : String($0.sql.dropFirst(prefix.count)) }
      if tests.allSatisfy(\.isNull) { return .null(.boolean) }
      return Translation("\(prefix.dropLast(3)) IN (\(elements.joined(separator: ", ")))", .boolean, isAtom: false)
    }
    return Translation(tests.map(\.operand).joined(separator: " OR "), .boolean, isAtom: false)
  }

  private func membershipSubject(_ value: Translation) throws(Untranslatable) -> String {
    guard value.kind.isText else { return value.operand }
    return try collated(value, value.collation ?? "BINARY").operand
  }

  func membership(_ value: Translation, _ select: Select) throws(Untranslatable) -> Translation {
    let inner = try nested(select)
    guard inner.columns.count == 1, let column = inner.columns.first else {
      throw Untranslatable("IN over several columns")
    }
    let right = Self.translation(of: column)
    let test = try compare(.equal, value, right)
    // The comparison of the plain values is what IN does: nothing may have been converted.
    guard test.sql == "\(value.operand) = \(right.operand)" else {
      throw Untranslatable("IN over a select of another kind or collation")
    }
    return Translation("\(value.operand) IN (\(inner.sql))", .boolean, isAtom: false)
  }

  func conditional(
    _ base: Expression?, _ branches: [Expression.Branch], _ otherwise: Expression?
  ) throws(Untranslatable) -> Translation {
    let subject = try base.map { (base) throws(Untranslatable) in try translate(base) }
    var conditions: [String] = []
    var values: [Translation] = []
    for branch in branches {
      let condition = try translate(branch.condition)
      let test = if let subject { try compare(.equal, subject, condition) } else { try truth(condition) }
      conditions.append(test.sql)
      values.append(try translate(branch.value))
    }
    values.append(try otherwise.map { (value) throws(Untranslatable) in try translate(value) } ?? .null())
    return try conditional(conditions, values)
  }

  /// `values` has one more than `conditions`: what ELSE gives.
  func conditional(_ conditions: [String], _ values: [Translation]) throws(Untranslatable) -> Translation {
    let results = try unified(values)
    var sql = "CASE"
    for (condition, value) in zip(conditions, results) { sql += " WHEN \(condition) THEN \(value.sql)" }
    if let last = results.last, !last.isNull { sql += " ELSE \(last.sql)" }
    return combined("\(sql) END", results)
  }

  /// The result of a function that gives one of the values.
  func combined(_ sql: String, _ values: [Translation]) -> Translation {
    if values.allSatisfy(\.isNull) { return .null() }
    var result = Translation(sql, values.first { !$0.isNull }?.kind ?? .null)
    result.hasC = values.contains { $0.hasC && !$0.isNull }
    result.magnitude = values.reduce(0) { $1.isNull ? $0 : max($0, $1.magnitude) }
    propagateCollation(values, to: &result)
    return result
  }

  /// COLLATE inside of an operand holds for the whole.
  func propagateCollation(_ values: [Translation], to result: inout Translation) {
    guard let explicit = values.first(where: \.isCollationExplicit) else { return }
    result.collation = explicit.collation
    result.isCollationExplicit = true
  }
}

extension Translation {
  var hasNumericAffinity: Bool { affinity == .integer || affinity == .real || affinity == .numeric }
}
