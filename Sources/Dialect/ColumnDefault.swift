import Model

/// DEFAULT clauses: constants, and the time of the insert.
package enum ColumnDefault {
  /// The DEFAULT of a column of the given kind and affinity from SQLite's text of it; nil for NULL.
  package static func translate(
    _ text: String, kind: ValueKind, affinity: Affinity
  ) throws(Untranslatable) -> String? {
    let parsed: Expression
    do { parsed = try Parser.expression(text) } catch { throw Untranslatable(error.reason) }
    let translator = Translator(purpose: .initial, relations: [])
    if let constant = constant(parsed) {
      if constant == .null { return nil }
      return try translator.literal(constant, as: kind, affinity).sql
    }
    if let time = try current(parsed, kind) { return time }
    let value = try translator.translate(parsed)
    if value.isNull { return nil }
    if let moment = moment(value, kind) { return moment }
    return try translator.assigned(value, kind, affinity).operand
  }

  /// A literal with its sign, or a name, which SQLite takes for a string here.
  private static func constant(_ expression: Expression) -> Literal? {
    switch expression {
    case .literal(let literal):
      switch literal {
      case .currentDate, .currentTime, .currentTimestamp: return nil
      default: return literal
      }
    case .column(let reference): return reference.table == nil ? .string(reference.name) : nil
    case .unary(.plus, let operand): return constant(operand)
    case .unary(.minus, let operand): return constant(operand).flatMap { $0.signed(.minus) }
    case .binary(.concatenate, let left, let right):
      guard case .string(let first)? = constant(left), case .string(let second)? = constant(right) else { return nil }
      return .string(first + second)
    default: return nil
    }
  }

  // MARK: The current time

  private enum Part { case timestamp, date, time }

  private static func part(_ expression: Expression) -> Part? {
    switch expression {
    case .literal(.currentTimestamp): return .timestamp
    case .literal(.currentDate): return .date
    case .literal(.currentTime): return .time
    case .call(let call):
      guard call.arguments.isEmpty || isNow(call.arguments) else { return nil }
      switch call.name {
      case "datetime": return .timestamp
      case "date": return .date
      case "time": return .time
      default: return nil
      }
    default: return nil
    }
  }

  private static func isNow(_ arguments: [Expression]) -> Bool {
    guard arguments.count == 1, case .literal(.string(let text)) = arguments[0] else { return false }
    return text.lowercased() == "now"
  }

  private static func current(_ expression: Expression, _ kind: ValueKind) throws(Untranslatable) -> String? {
    let now = "now() AT TIME ZONE 'UTC'"
    if let format = format(expression) { return try formatted(format, kind) }
    guard let part = part(expression) else { return nil }
    switch (part, kind) {
    case (_, .text):
      let format =
        switch part {
        case .timestamp: "YYYY-MM-DD HH24:MI:SS"
        case .date: "YYYY-MM-DD"
        case .time: "HH24:MI:SS"
        }
      return "to_char(\(now), '\(format)')"
    case (.timestamp, .timestamp(let storage)) where storage.isText: return "date_trunc('second', \(now))"
    case (.timestamp, .timestamptz(let storage)) where storage.isText: return "date_trunc('second', now())"
    case (.date, .timestamp(let storage)) where storage.isText: return "date_trunc('day', \(now))"
    case (.date, .date(let storage)) where storage.isText: return "(\(now))::date"
    case (.time, .time(let storage)) where storage.isText: return "date_trunc('second', \(now))::time"
    default: throw Untranslatable("the current time in a column of another kind")
    }
  }

  /// The format of `strftime(format, 'now')`.
  private static func format(_ expression: Expression) -> String? {
    guard case .call(let call) = expression, call.name == "strftime",
      case .literal(.string(let format)) = call.arguments.first,
      call.arguments.count == 1 || isNow(Array(call.arguments.dropFirst()))
    else { return nil }
    return format
  }

  /// The current time in a format of several parts; nil for single numbers, which are left to the translator.
  private static func formatted(_ format: String, _ kind: ValueKind) throws(Untranslatable) -> String? {
    let now = "now() AT TIME ZONE 'UTC'"
    let fields: [Unicode.Scalar: String] = [
      "Y": "YYYY", "m": "MM", "d": "DD", "H": "HH24", "M": "MI", "S": "SS", "f": "SS.MS", "j": "DDD",
    ]
    var pattern = ""
    var plain = ""
    func flush() {
      if !plain.isEmpty { pattern += "\"\(plain)\"" }
      plain = ""
    }
    var rest = format.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "%" else {
        guard scalar != "\"", scalar != "\\", scalar != "'", scalar.value > 0 else { return nil }
        if scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || !plain.isEmpty {
          plain.unicodeScalars.append(scalar)
        } else {
          pattern.unicodeScalars.append(scalar)
        }
        continue
      }
      guard let letter = rest.popFirst(), let field = fields[letter] else { return nil }
      flush()
      pattern += field
    }
    flush()
    if kind.isText { return "to_char(\(now), '\(pattern)')" }
    guard let storage = kind.timeStorage, storage.isText else { return nil }
    let zone = if case .timestamptz = kind { "now()" } else { now }
    var time = format
    if time.hasSuffix("Z") { time.removeLast() }
    switch (time, kind) {
    case ("%Y-%m-%d %H:%M:%S", .timestamp), ("%Y-%m-%dT%H:%M:%S", .timestamp), ("%Y-%m-%d %H:%M:%S", .timestamptz),
      ("%Y-%m-%dT%H:%M:%S", .timestamptz):
      return "date_trunc('second', \(zone))"
    case ("%Y-%m-%d %H:%M:%f", .timestamp), ("%Y-%m-%dT%H:%M:%f", .timestamp), ("%Y-%m-%d %H:%M:%f", .timestamptz),
      ("%Y-%m-%dT%H:%M:%f", .timestamptz):
      return "date_trunc('milliseconds', \(zone))"
    case ("%Y-%m-%d %H:%M", .timestamp), ("%Y-%m-%dT%H:%M", .timestamp): return "date_trunc('minute', \(zone))"
    case ("%Y-%m-%d", .date): return "(\(now))::date"
    case ("%H:%M:%S", .time): return "date_trunc('second', \(now))::time"
    default: throw Untranslatable("the current time in a column of another kind")
    }
  }

  /// A computed time in a column of times. In parentheses, because DEFAULT takes no AT TIME ZONE outside of them.
  private static func moment(_ value: Translation, _ kind: ValueKind) -> String? {
    switch (value.kind, kind) {
    case (.timestamp, .timestamp(let storage)) where storage.isText: value.sql
    case (.timestamp, .timestamptz(let storage)) where storage.isText: "(\(value.operand) AT TIME ZONE 'UTC')"
    case (.date, .date(let storage)) where storage.isText: value.sql
    case (.date, .timestamp(let storage)) where storage.isText: "\(value.operand)::timestamp"
    case (.integer, .timestamp(.seconds)): "(to_timestamp(\(value.sql)) AT TIME ZONE 'UTC')"
    case (.integer, .timestamptz(.seconds)): "to_timestamp(\(value.sql))"
    default:
      if let seconds = value.integerForm, kind.timeStorage == .seconds, seconds.contains("epoch") {
        if case .timestamptz = kind {
          "to_timestamp(\(seconds))"
        } else {
          "(to_timestamp(\(seconds)) AT TIME ZONE 'UTC')"
        }
      } else {
        nil
      }
    }
  }
}

extension ValueKind.TimeStorage {
  /// Whether SQLite holds text there, of one form or several.
  var isText: Bool {
    switch self {
    case .text, .mixed: true
    case .seconds, .milliseconds: false
    }
  }
}
