import Model

/// SQLite's scalar functions.
extension Translator {
  func translate(_ call: FunctionCall) throws(Untranslatable) -> Translation {
    if call.window != nil { return try windowCall(call) }
    if SQLiteFunctions.isAggregate(call) { return try aggregate(call) }
    if SQLiteFunctions.windows.contains(call.name) { throw Untranslatable("\(call.name)() without OVER") }
    guard SQLiteFunctions.scalar.contains(call.name) else {
      throw Untranslatable("SQLite 3.40 has no function \(call.name)()")
    }
    guard !call.hasStar, !call.isDistinct, call.filter == nil else {
      throw Untranslatable("this use of \(call.name)()")
    }
    if SQLiteFunctions.times.contains(call.name) { return try timeFunction(call.name, call.arguments) }
    if call.name.hasPrefix("json") { return try jsonFunction(call) }
    var arguments: [Translation] = []
    for argument in call.arguments { arguments.append(try translate(argument)) }
    if let result = try choice(call.name, arguments) { return result }
    var found = try textFunction(call.name, arguments)
    if found == nil { found = try numberFunction(call.name, arguments) }
    guard var result = found else {
      throw Untranslatable("\(call.name)() has no counterpart for these arguments")
    }
    propagateCollation(arguments, to: &result)
    return result
  }

  // MARK: One of several values

  private func choice(_ name: String, _ arguments: [Translation]) throws(Untranslatable) -> Translation? {
    switch (name, arguments.count) {
    case ("coalesce", 2...), ("ifnull", 2):
      let values = try unified(arguments)
      return combined("COALESCE(\(values.map(\.sql).joined(separator: ", ")))", values)
    case ("iif", 3):
      return try conditional([truth(arguments[0]).sql], [arguments[1], arguments[2]])
    case ("nullif", 2):
      let values = try unified(arguments)
      try checkBinary(values)
      if values[0].isNull { return values[0] }
      // What a function returns is no column any more, and has no affinity.
      if values[1].isNull { return combined(values[0].operand, [values[0]]) }
      if case .double(.mixed) = values[0].kind, arguments[0].kind != arguments[1].kind { return nil }
      var result = combined("NULLIF(\(values[0].sql), \(values[1].sql))", [values[0]])
      // PostgreSQL gives it the type of the first.
      if arguments[0].kind.isInteger, result.kind.isInteger { result.kind = arguments[0].kind }
      return result
    case ("min", 2...), ("max", 2...): return try extreme(name, arguments)
    case ("likely", 1), ("unlikely", 1), ("likelihood", 2):
      var result = arguments[0]
      result.affinity = nil
      return result
    default: return nil
    }
  }

  private func checkBinary(_ values: [Translation]) throws(Untranslatable) {
    if values.contains(where: { ($0.collation ?? "BINARY") != "BINARY" && $0.kind.isText }) {
      throw Untranslatable("a function that compares by another collation than BINARY")
    }
  }

  /// NULL where any argument is: LEAST and GREATEST pass over NULLs.
  private func extreme(_ name: String, _ arguments: [Translation]) throws(Untranslatable) -> Translation {
    if arguments.contains(where: \.isNull) { return .null(arguments.first { !$0.isNull }?.kind ?? .null) }
    let kinds = Set(arguments.map(\.kind).filter { $0 != .integer(bits: 32) })
    guard kinds.count <= 1 || arguments.allSatisfy({ $0.kind.isInteger }) else {
      throw Untranslatable("\(name)() of values of several kinds")
    }
    guard arguments.allSatisfy({ $0.kind != .boolean && $0.kind.isComparable }) else {
      throw Untranslatable("\(name)() of such values")
    }
    var values = try unified(arguments)
    try checkBinary(values)
    if let first = values.indices.first, values[first].kind.isText { values[first] = withC(values[first]) }
    let list = values.map(\.sql).joined(separator: ", ")
    let picked = "\(name == "min" ? "LEAST" : "GREATEST")(\(list))"
    let tests = values.filter { $0.literal == nil }.map { "\($0.operand) IS NULL" }
    let sql = tests.isEmpty ? picked : "CASE WHEN \(tests.joined(separator: " OR ")) THEN NULL ELSE \(picked) END"
    return combined(sql, values)
  }

  // MARK: Text

  private func textFunction(_ name: String, _ arguments: [Translation]) throws(Untranslatable) -> Translation? {
    switch (name, arguments.count) {
    case ("length", 1):
      if arguments[0].kind == .bytea { return Self.length("length(\(arguments[0].sql))") }
      return Self.length("length(\(try text(arguments[0]).sql))")
    case ("lower", 1), ("upper", 1):
      return Translation("\(name)(\(withC(try text(arguments[0])).sql))", .text)
    case ("trim", 1), ("ltrim", 1), ("rtrim", 1), ("trim", 2), ("ltrim", 2), ("rtrim", 2):
      return try textResult(name == "trim" ? "btrim" : name, arguments)
    case ("replace", 3):
      // SQLite finds nothing in '' before it looks at a NULL.
      guard arguments[1].string?.isEmpty == false || arguments[2].string != nil else { return nil }
      return try textResult("replace", arguments)
    case ("instr", 2):
      guard arguments.allSatisfy({ $0.kind != .bytea }) else { return nil }
      return Self.length("strpos(\(try text(arguments[0]).sql), \(try text(arguments[1]).sql))")
    case ("substr", 2), ("substring", 2), ("substr", 3), ("substring", 3): return try part(arguments)
    case ("hex", 1):
      // NULL gives the empty text.
      let bytes = arguments[0].kind == .bytea ? arguments[0].sql : "convert_to(\(try text(arguments[0]).sql), 'UTF8')"
      guard arguments[0].kind == .bytea || !purpose.mustBeImmutable else { return nil }
      return uncollated(Translation("COALESCE(upper(encode(\(bytes), 'hex')), '')", .text))
    case ("unicode", 1):
      var result = Translation("NULLIF(ascii(\(try text(arguments[0]).sql)), 0)", .integer(bits: 32))
      result.magnitude = 0x10FFFF
      return result
    case ("char", 1...):
      var scalars = String.UnicodeScalarView()
      for argument in arguments {
        guard let code = argument.integer, code > 0, let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
        else { return nil }
        scalars.append(scalar)
      }
      return try .string(String(scalars))
    case ("typeof", 1): return try type(of: arguments[0])
    default: return nil
    }
  }

  private static func length(_ sql: String) -> Translation {
    var result = Translation(sql, .integer(bits: 32))
    // PostgreSQL's longest value has a gigabyte.
    result.magnitude = 0x1p30
    return result
  }

  private func textResult(_ name: String, _ arguments: [Translation]) throws(Untranslatable) -> Translation {
    var values: [Translation] = []
    for argument in arguments { values.append(try text(argument)) }
    var result = Translation("\(name)(\(values.map(\.sql).joined(separator: ", ")))", .text)
    result.hasC = values.contains { $0.hasC && !$0.isNull }
    return result
  }

  /// Positions count from 1, from the end where they are negative; 0 is the place before the first.
  private func part(_ arguments: [Translation]) throws(Untranslatable) -> Translation {
    if arguments.contains(where: \.isNull) { return .null(.text) }
    guard arguments[0].kind != .bytea else { throw Untranslatable("substr() of a blob") }
    let value = try text(arguments[0])
    let start = try position(arguments[1])
    var result = value
    result.literal = nil
    result.affinity = nil
    result.collation = nil
    result.isCollationExplicit = false
    result.isAtom = true
    guard arguments.count == 3 else {
      switch start.integer {
      case .some(let number) where number < 0: result.sql = "right(\(value.sql), \(-number))"
      case .some: result.sql = "substr(\(value.sql), \(start.sql))"
      case nil:
        let first = start.operand
        result.sql =
          "CASE WHEN \(first) < 0 THEN right(\(value.sql), -\(first)) ELSE substr(\(value.sql), \(first)) END"
      }
      return result
    }
    let length = try position(arguments[2])
    if let count = length.integer, count >= 0, let first = start.integer {
      let place = first < 0 ? "length(\(value.sql)) - \(-first - 1)" : "\(first)"
      result.sql = "substr(\(value.sql), \(place), \(count))"
    } else if start.integer == 1 {
      result.sql = "substr(\(value.sql), 1, CASE WHEN \(length.operand) < 0 THEN 0 ELSE \(length.sql) END)"
    } else {
      throw Untranslatable("substr() with a position or length that may be negative")
    }
    return result
  }

  private func position(_ value: Translation) throws(Untranslatable) -> Translation {
    let number = try number(value)
    guard case .integer = number.kind, number.magnitude < 0x1p31 else {
      throw Untranslatable("substr() with a position that may not fit 32 bits")
    }
    return number.kind.bits > 32 ? number.cast(to: "integer", .integer(bits: 32)) : number
  }

  private func type(of value: Translation) throws(Untranslatable) -> Translation {
    if value.isNull { return try .string("null") }
    let name: String
    switch value.kind {
    case .integer, .boolean: name = "integer"
    case .double(.real): name = "real"
    case .text, .uuid(.text): name = "text"
    case .bytea, .uuid(.blob): name = "blob"
    default:
      switch value.kind.timeStorage {
      case .text: name = "text"
      case .seconds, .milliseconds: name = "integer"
      default: throw Untranslatable("typeof() of a column without one type")
      }
    }
    if value.literal != nil { return try .string(name) }
    return uncollated(Translation("CASE WHEN \(value.operand) IS NULL THEN 'null' ELSE '\(name)' END", .text))
  }

  // MARK: Numbers

  private func numberFunction(_ name: String, _ arguments: [Translation]) throws(Untranslatable) -> Translation? {
    guard let first = arguments.first else { return nil }
    switch (name, arguments.count) {
    case ("abs", 1):
      let value = try Self.widened(number(first))
      if value.isNull { return .null(.bigint) }
      // PostgreSQL computes a constant before it knows whether it is needed.
      if let integer = value.integer { return integer == .min ? nil : .integer(abs(integer)) }
      var result = Translation("abs(\(value.sql))", value.kind)
      result.magnitude = value.magnitude
      return result
    case ("sign", 1):
      let value = try number(first)
      guard value.kind != .null else { return .null(.integer(bits: 32)) }
      var result = Translation("sign(\(value.sql))::integer", .integer(bits: 32))
      result.magnitude = 1
      return result
    case ("round", 1...2): return try rounded(arguments)
    default: return nil
    }
  }

  /// The absolute value of the smallest 32-bit integer has more bits.
  static func widened(_ value: Translation) -> Translation {
    guard value.kind.isInteger, value.kind.bits < 64, value.magnitude >= Translation.magnitude(bits: value.kind.bits)
    else { return value }
    return value.cast(to: "bigint", .bigint)
  }

  /// SQLite rounds a half away from zero, PostgreSQL a double's to the even neighbour.
  private func rounded(_ arguments: [Translation]) throws(Untranslatable) -> Translation {
    let value = try number(arguments[0])
    if arguments.count == 2 {
      guard let digits = arguments[1].integer, digits <= 0 || value.kind.isInteger else {
        throw Untranslatable("round() to decimals: SQLite rounds the binary number, PostgreSQL the decimal one")
      }
    }
    switch value.kind {
    case .integer, .null: return value.cast(to: "double precision", .double(.real))
    case .double:
      let number = value.operand
      return Translation(
        """
        CASE WHEN abs(\(number)) > 4503599627370496 THEN \(number) \
        WHEN \(number) < 0 THEN ceil(\(number) - 0.5) ELSE floor(\(number) + 0.5) END
        """, .double(.real))
    default: throw Untranslatable("round() of a decimal")
    }
  }
}

extension ValueKind {
  var isInteger: Bool { if case .integer = self { true } else { false } }

  /// Whether both stores order its values alike and know when two are equal.
  var isComparable: Bool {
    switch self {
    case .json, .jsonb, .jsonValue, .unknown, .uuid(.mixed): false
    case .date(let storage), .time(let storage), .timestamp(let storage), .timestamptz(let storage): storage != .mixed
    default: true
    }
  }
}
