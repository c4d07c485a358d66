import Model

/// An expression in PostgreSQL's words, with what SQLite knows of it.
struct Translation {
  var sql: String
  var kind: ValueKind
  /// Whether it needs no parentheses as an operand.
  var isAtom = true
  /// The constant that it is.
  var literal: Literal?
  /// A column's affinity or that of a CAST; nil for other expressions.
  var affinity: Affinity?
  /// A column's collation in SQLite, or what COLLATE says.
  var collation: String?
  var isCollationExplicit = false
  /// Whether PostgreSQL compares it by "C": in text of literals alone it would take the database's own collation.
  var hasC = true
  /// The greatest absolute value of an integer. What a column of decimals holds as an integer a double holds exactly.
  var magnitude = 0x1p53
  /// The same as an integer: of text that consists of one number of a date.
  var integerForm: String?

  init(_ sql: String, _ kind: ValueKind, isAtom: Bool = true) {
    self.sql = sql
    self.kind = kind
    self.isAtom = isAtom
    if case .integer(let bits) = kind { magnitude = Translation.magnitude(bits: bits) }
    if kind == .boolean { magnitude = 1 }
  }

  static func magnitude(bits: Int) -> Double { bits <= 16 ? 0x1p15 : bits <= 32 ? 0x1p31 : 0x1p63 }

  /// In parentheses unless it is an atom.
  var operand: String { isAtom ? sql : "(\(sql))" }

  func cast(to type: String, _ kind: ValueKind) -> Translation {
    var result = Translation("\(operand)::\(type)", kind)
    if case .integer = kind { result.magnitude = min(result.magnitude, magnitude) }
    return result
  }

  var isNull: Bool { literal == .null }
  /// An integer that is computed with more than 64 bits, as `numeric`, so that it cannot overflow.
  var isUnbounded: Bool { kind == .numeric && magnitude == .infinity }
  var integer: Int64? { if case .integer(let value) = literal { value } else { nil } }
  var string: String? { if case .string(let value) = literal { value } else { nil } }

  /// The text of a number without a cast, for a place where the other operand has a type.
  var bare: String {
    if case .real(let value) = literal { return value < 0 ? "(\(value))" : "\(value)" }
    return operand
  }

  static func null(_ kind: ValueKind = .null) -> Translation {
    var result = Translation(kind.castName.map { "NULL::\($0)" } ?? "NULL", kind)
    result.literal = .null
    return result
  }

  static func integer(_ value: Int64) -> Translation {
    let bits = Int32(exactly: value) != nil ? 32 : 64
    // PostgreSQL reads the digits before the sign, and these would not fit.
    let sql = value == .min ? "'\(value)'::bigint" : "\(value)"
    var result = Translation(sql, .integer(bits: bits), isAtom: value >= 0 || value == .min)
    result.literal = .integer(value)
    // Rounded up: what a double does not hold must not look as if it did.
    let nearest = Double(value.magnitude)
    result.magnitude = Double(exactly: value.magnitude) == nil ? nearest.nextUp : nearest
    return result
  }

  static func real(_ value: Double) -> Translation {
    let sql = value.sign == .minus ? "'\(value)'::double precision" : "\(value)::double precision"
    var result = Translation(sql, .double(.real))
    result.literal = .real(value)
    return result
  }

  static func string(_ value: String) throws(Untranslatable) -> Translation {
    guard !value.utf8.contains(0) else { throw Untranslatable("text with a NUL character") }
    var result = Translation(PostgresText.literal(value), .text)
    result.literal = .string(value)
    result.hasC = false
    return result
  }

  static func boolean(_ value: Bool) -> Translation {
    var result = Translation(value ? "true" : "false", .boolean)
    result.literal = .integer(value ? 1 : 0)
    return result
  }

  static func blob(_ value: [UInt8]) -> Translation {
    let digits = value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    var result = Translation(PostgresText.literal("\\x\(digits)") + "::bytea", .bytea)
    result.literal = .blob(value)
    return result
  }
}
