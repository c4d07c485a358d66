import Model

/// From one kind to another, as SQLite would take the value.
extension Translator {
  /// As a condition.
  func truth(_ value: Translation) throws(Untranslatable) -> Translation {
    switch value.kind {
    case .boolean: return value
    case .null: return .null(.boolean)
    case .integer, .double, .numeric:
      if let integer = value.integer { return .boolean(integer != 0) }
      return Translation("\(value.operand) <> 0", .boolean, isAtom: false)
    default: throw Untranslatable("text as a condition")
    }
  }

  /// As a number to compute with: a boolean is 0 or 1.
  func number(_ value: Translation) throws(Untranslatable) -> Translation {
    switch value.kind {
    case .boolean:
      if let integer = value.integer { return .integer(integer) }
      var result = value.cast(to: "integer", .integer(bits: 32))
      result.magnitude = 1
      return result
    case .integer, .double, .numeric, .null: return value
    default: throw Untranslatable("a computation with text")
    }
  }

  /// As the text that SQLite makes of it.
  func text(_ value: Translation) throws(Untranslatable) -> Translation {
    switch value.kind {
    case .text(isCaseInsensitive: false): return value
    case .text(isCaseInsensitive: true): return plain(value)
    case .null: return .null(.text)
    case .integer:
      if let integer = value.integer { return try .string(String(integer)) }
      return uncollated(value.cast(to: "text", .text))
    case .boolean:
      return uncollated(try number(value).cast(to: "text", .text))
    case .uuid(.text): return uncollated(value.cast(to: "text", .text))
    case .date, .time, .timestamp, .timestamptz: return try timeText(value)
    case .double, .numeric: throw Untranslatable("a real number as text, which SQLite writes its own way")
    default: throw Untranslatable("text of a value that is held differently")
    }
  }

  func uncollated(_ value: Translation) -> Translation {
    var result = value
    result.hasC = false
    return result
  }

  /// `citext` as text that compares by "C".
  func plain(_ value: Translation) -> Translation {
    guard value.kind == .text(isCaseInsensitive: true) else { return value }
    var result = value
    result.sql = "(\(value.operand)::text COLLATE \"C\")"
    result.isAtom = true
    result.kind = .text
    return result
  }

  /// Text that PostgreSQL compares by "C" in any case.
  func withC(_ value: Translation) -> Translation {
    guard value.kind.isText, !value.hasC else { return plain(value) }
    var result = value
    result.sql = "\(value.operand) COLLATE \"C\""
    result.isAtom = false
    result.hasC = true
    return result
  }

  /// What a collation of SQLite compares by.
  func collated(_ value: Translation, _ collation: String) throws(Untranslatable) -> Translation {
    var result = plain(value)
    switch collation {
    case "BINARY": return result
    case "NOCASE":
      if let string = value.string { return try .string(Self.asciiLower(string)) }
      result.sql = "lower(\(withC(result).sql))"
    case "RTRIM":
      result.sql = "rtrim(\(result.sql), ' ')"
    default: throw Untranslatable("the collation \(collation)")
    }
    result.isAtom = true
    result.literal = nil
    return result
  }

  static func asciiLower(_ text: String) -> String {
    String(decoding: text.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
  }

  // MARK: One kind for several values

  /// The values of the branches of a CASE, of COALESCE, of a compound select: of one kind, if it can be.
  func unified(_ values: [Translation]) throws(Untranslatable) -> [Translation] {
    let typed = values.filter { !$0.isNull }
    guard let first = typed.first else { return values }
    var kind = first.kind
    for value in typed.dropFirst() { kind = try common(kind, value.kind, values: typed) }
    // Text constants take a column's form of time, 0 and 1 a column's truth.
    if let other = typed.first(where: { $0.literal == nil && $0.kind.timeStorage != nil }) { kind = other.kind }
    var result: [Translation] = []
    for value in values { result.append(try converted(value, kind)) }
    return result
  }

  private func common(
    _ left: ValueKind, _ right: ValueKind, values: [Translation]
  ) throws(Untranslatable) -> ValueKind {
    if left == right { return left }
    switch (left, right) {
    case (.boolean, .integer), (.integer, .boolean):
      let isTruth = values.allSatisfy { $0.kind == .boolean || $0.integer == 0 || $0.integer == 1 }
      return isTruth ? .boolean : .integer(bits: max(32, left.isInteger ? left.bits : right.bits))
    case (.integer(let a), .integer(let b)): return .integer(bits: max(a, b))
    case (.numeric, .integer), (.integer, .numeric): return .numeric
    case (.double, .double), (.double, .integer), (.integer, .double), (.double, .numeric), (.numeric, .double):
      return .double(.mixed)
    case (.text, .text): return .text
    case (.text, let other), (let other, .text):
      // Only literals: `converted` refuses the rest.
      if other.timeStorage != nil || other == .uuid(.text) { return other }
      throw Untranslatable("text and other values in one column")
    default: throw Untranslatable("values of several kinds in one column")
    }
  }

  private func converted(_ value: Translation, _ kind: ValueKind) throws(Untranslatable) -> Translation {
    if value.kind == kind { return kind.isText ? plain(value) : value }
    if value.isNull { return .null(kind) }
    switch (value.kind, kind) {
    case (.integer, .boolean):
      guard let integer = value.integer, integer == 0 || integer == 1 else { break }
      return .boolean(integer == 1)
    case (.boolean, .integer): return try number(value)
    case (.integer, .integer):
      var result = value
      result.kind = kind
      return result
    case (.integer, .double):
      guard value.magnitude <= 0x1p53 else { throw Untranslatable("64-bit integers among reals") }
      return value.cast(to: "double precision", kind)
    case (.numeric, .double) where !value.isUnbounded: return value.cast(to: "double precision", kind)
    case (.double, .double):
      var result = value
      result.kind = kind
      return result
    case (.integer, .numeric):
      guard value.magnitude <= 0x1p53 else { throw Untranslatable("64-bit integers among decimals") }
      return value.cast(to: "numeric", kind)
    case (.text, .text): return plain(value)
    case (.text, _):
      if let string = value.string, let literal = try timeLiteral(string, sameFormAs: kind) { return literal }
      if let string = value.string, kind == .uuid(.text) { return try uuidLiteral(string) }
    default: break
    }
    throw Untranslatable("values of several kinds in one column")
  }

  // MARK: Storing

  /// The value as a column takes it, by the rules of its affinity.
  func assigned(
    _ value: Translation, _ kind: ValueKind, _ affinity: Affinity
  ) throws(Untranslatable) -> Translation {
    if value.isNull { return .null(kind) }
    if let literal = value.literal { return try self.literal(literal, as: kind, affinity) }
    switch (value.kind, kind) {
    case (.text, .text): return plain(value)
    case (.integer, .text), (.boolean, .text), (.date, .text), (.time, .text), (.timestamp, .text),
      (.timestamptz, .text):
      guard affinity == .text || !value.kind.isNumber else { break }
      return try text(value)
    case (.boolean, .integer): return try number(value)
    case (.integer, .integer(let bits)):
      guard value.magnitude <= Translation.magnitude(bits: bits) else { break }
      return value
    case (.numeric, .integer) where value.isUnbounded && affinity == .integer:
      return value.cast(to: "bigint", kind)
    case (.integer, .double):
      guard value.magnitude <= 0x1p53 || affinity == .real else { break }
      return value.cast(to: "double precision", kind)
    case (.double, .double): return value.cast(to: "double precision", kind)
    case (.numeric, .double) where !value.isUnbounded: return value.cast(to: "double precision", kind)
    case (.integer, .numeric): return value
    case (.text, .integer):
      guard let integer = value.integerForm, affinity != .text, affinity != .blob else { break }
      return Translation(integer, kind)
    default:
      if value.kind == kind { return value }
    }
    throw Untranslatable("the value is of another kind than its column")
  }
}
