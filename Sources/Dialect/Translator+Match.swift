import Model

/// LIKE and GLOB.
extension Translator {
  func match(
    _ matching: MatchOperator, _ value: Translation, _ pattern: Translation, _ escape: Expression?
  ) throws(Untranslatable) -> Translation {
    if value.isNull || pattern.isNull { return .null(.boolean) }
    switch matching {
    case .like: return try like(text(value), text(pattern), escape)
    case .glob:
      guard let literal = pattern.string else { throw Untranslatable("GLOB with a pattern that is not known") }
      guard escape == nil else { throw Untranslatable("GLOB with ESCAPE") }
      return try glob(text(value), literal)
    case .regexp, .match: throw Untranslatable("\(matching.rawValue), which SQLite has no function for by itself")
    }
  }

  /// SQLite's LIKE folds ASCII letters, as ILIKE does under "C"; it has no escape character of its own.
  private func like(
    _ value: Translation, _ pattern: Translation, _ escape: Expression?
  ) throws(Untranslatable) -> Translation {
    var clause = ""
    if let escape {
      guard case .literal(.string(let character)) = escape, character.unicodeScalars.count == 1,
        let scalar = character.unicodeScalars.first, scalar.isASCII, scalar.value > 0,
        !scalar.properties.isAlphabetic, scalar != "%", scalar != "_"
      else { throw Untranslatable("LIKE with this ESCAPE") }
      if let literal = pattern.string {
        let ending = literal.unicodeScalars.reversed().prefix { $0 == scalar }.count
        guard ending.isMultiple(of: 2) else { throw Untranslatable("a pattern that ends with its ESCAPE") }
      } else {
        throw Untranslatable("LIKE with ESCAPE and a pattern that is not known")
      }
      clause = " ESCAPE \(PostgresText.literal(character))"
    } else if pattern.string?.utf8.contains(UInt8(ascii: "\\")) ?? true {
      clause = " ESCAPE ''"
    }
    let hasLetters = pattern.string?.utf8.contains { (97...122).contains($0 | 0x20) } ?? true
    guard hasLetters else {
      return Translation("\(value.operand) LIKE \(pattern.operand)\(clause)", .boolean, isAtom: false)
    }
    let folded = withC(value)
    return Translation("\(folded.operand) ILIKE \(pattern.operand)\(clause)", .boolean, isAtom: false)
  }

  private func glob(_ value: Translation, _ pattern: String) throws(Untranslatable) -> Translation {
    guard pattern.utf8.contains(UInt8(ascii: "[")) else {
      var like = ""
      for scalar in pattern.unicodeScalars {
        switch scalar {
        case "*": like += "%"
        case "?": like += "_"
        case "%", "_", "\\": like += "\\\(scalar)"
        default: like.unicodeScalars.append(scalar)
        }
      }
      return Translation("\(value.operand) LIKE \(PostgresText.literal(like))", .boolean, isAtom: false)
    }
    let regex = try Self.regularExpression(glob: pattern)
    return Translation("\(withC(value).operand) ~ \(PostgresText.literal(regex))", .boolean, isAtom: false)
  }

  /// A GLOB pattern with sets as a regular expression of PostgreSQL.
  private static func regularExpression(glob pattern: String) throws(Untranslatable) -> String {
    var regex = "^"
    var rest = pattern.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": regex += ".*"
      case "?": regex += "."
      case "[": regex += try set(&rest)
      default:
        if scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) { regex += "\\" }
        regex.unicodeScalars.append(scalar)
      }
    }
    return regex + "$"
  }

  /// What stands in brackets: letters, digits and plain signs only, with ranges.
  private static func set(_ rest: inout Substring.UnicodeScalarView) throws(Untranslatable) -> String {
    var set = "["
    if rest.first == "^" {
      rest.removeFirst()
      set += "^"
    }
    var isEmpty = true
    while let scalar = rest.popFirst() {
      if scalar == "]", !isEmpty { return set + "]" }
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
          || scalar == " " || scalar == "." || scalar == "@" || scalar == "/" || scalar == "+" || scalar == ",")
      if isPlain, rest.first == "-", let end = rest.dropFirst().first, end != "]" {
        guard end.isASCII, end.properties.isAlphabetic || ("0"..."9").contains(end), scalar <= end else { break }
        rest.removeFirst(2)
        set += "\(scalar)-\(end)"
      } else if scalar == "-", isEmpty || rest.first == "]" {
        set += "\\-"
      } else {
        guard isPlain else { break }
        set.unicodeScalars.append(scalar)
      }
      isEmpty = false
    }
    throw Untranslatable("GLOB with this set of characters")
  }
}
