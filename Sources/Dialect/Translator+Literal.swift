import Model

/// Constants as a column of some kind holds them.
extension Translator {
  /// The constant as the target holds it once SQLite has stored it in a column of the affinity.
  func literal(_ literal: Literal, as kind: ValueKind, _ affinity: Affinity) throws(Untranslatable) -> Translation {
    if literal == .null { return .null(kind) }
    if case .boolean(let value) = literal { return try self.literal(.integer(value ? 1 : 0), as: kind, affinity) }
    let isTyped = affinity == .integer || affinity == .real || affinity == .numeric
    if case .string(let string) = literal, isTyped, kind.isNumber || kind.timeStorage != nil,
      let number = NumberText.literal(string)
    {
      return try self.literal(number, as: kind, affinity)
    }
    switch (kind, literal) {
    case (.boolean, .integer(let value)) where value == 0 || value == 1: return .boolean(value == 1)
    case (.integer(let bits), .integer(let value)):
      guard Double(value.magnitude) < Translation.magnitude(bits: bits) || bits > 32 else { break }
      return .integer(value)
    case (.integer, .real(let value)):
      guard isTyped, let integer = Int64(exactly: value) else { break }
      return try self.literal(.integer(integer), as: kind, affinity)
    case (.double, .integer(let value)):
      guard let real = Double(exactly: value) else { break }
      return Translation("\(real)", kind)
    case (.double, .real(let value)): return Translation("\(value)", kind, isAtom: value >= 0)
    case (.numeric, .integer(let value)): return .integer(value)
    case (.numeric, .real(let value)): return Translation("\(value)", kind, isAtom: value >= 0)
    case (.text, .string(let value)): return try .string(value)
    case (.text, .integer(let value)): return try .string(String(value))
    // SQLite writes it its own way, to fifteen digits, where the column's affinity is TEXT.
    case (.text, .real(let value)) where affinity != .text: return try .string("\(value)")
    case (.unknown, .string(let value)): return try .string(value)
    case (.date, .string(let value)), (.time, .string(let value)), (.timestamp, .string(let value)),
      (.timestamptz, .string(let value)):
      if let time = try timeLiteral(value, sameFormAs: kind) { return time }
    case (_, .integer(let value)):
      if let time = try timeLiteral(value, kind) { return time }
    case (.uuid(.text), .string(let value)): return try uuidLiteral(value)
    case (.uuid(.blob), .blob(let value)) where value.count == 16:
      return Translation(
        PostgresText.literal(value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()), kind)
    case (.bytea, .blob(let value)): return .blob(value)
    case (.json, .string(let value)), (.jsonb, .string(let value)):
      guard ["{}", "[]", "null", "true", "false", "\"\""].contains(value) else {
        throw Untranslatable("a JSON constant")
      }
      return Translation(PostgresText.literal(value), kind)
    default: break
    }
    throw Untranslatable("the constant is of another kind than the column")
  }

  func uuidLiteral(_ text: String) throws(Untranslatable) -> Translation {
    let bytes = Array(text.utf8)
    let isUUID =
      bytes.count == 36
      && bytes.enumerated().allSatisfy { index, byte in
        [8, 13, 18, 23].contains(index) ? byte == 45 : (48...57).contains(byte) || (97...102).contains(byte)
      }
    guard isUUID else { throw Untranslatable("the text is no UUID in lower case") }
    return Translation(PostgresText.literal(text) + "::uuid", .uuid(.text))
  }
}

/// Text that SQLite takes for a number where a numeric affinity is applied.
enum NumberText {
  static func literal(_ text: String) -> Literal? {
    var bytes = Array(text.utf8)[...]
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
    let digits = String(decoding: bytes, as: UTF8.self)
    guard bytes.first.map({ $0 == UInt8(ascii: ".") || (48...57).contains($0) }) == true,
      !digits.lowercased().hasPrefix("0x"), let parser = try? Parser(""), let number = try? parser.number(digits)
    else { return nil }
    guard isNegative else { return number }
    return digits == "9223372036854775808" ? .integer(.min) : number.signed(.minus)
  }
}
