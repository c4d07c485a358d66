import Model

/// Dates and times: comparisons with text, and SQLite's date functions.
extension Translator {
  // MARK: Constants

  /// The constant in the form that a column of the kind holds; nil where the form differs.
  func timeLiteral(_ text: String, sameFormAs kind: ValueKind) throws(Untranslatable) -> Translation? {
    guard case .text(let form) = kind.timeStorage, let value = CalendarText(text) else { return nil }
    guard value.form == form, value.hasDate == kind.hasDate else { return nil }
    return constant(value, kind)
  }

  /// An integer in a column that SQLite holds as seconds or milliseconds.
  func timeLiteral(_ number: Int64, _ kind: ValueKind) throws(Untranslatable) -> Translation? {
    guard kind.hasDate, let storage = kind.timeStorage, storage == .seconds || storage == .milliseconds else {
      return nil
    }
    let (milliseconds, overflows) = number.multipliedReportingOverflow(by: storage == .seconds ? 1_000 : 1)
    guard !overflows, let text = EpochText.text(milliseconds: milliseconds) else { return nil }
    if case .date = kind, !text.hasSuffix(" 00:00:00") { return nil }
    let zone = if case .timestamptz = kind { "+00" } else { "" }
    let day = if case .date = kind { String(text.prefix(10)) } else { text + zone }
    return Translation("\(kind.castName ?? "timestamp") '\(day)'", kind)
  }

  private func constant(_ value: CalendarText, _ kind: ValueKind) -> Translation {
    let zone = if case .timestamptz = kind { "+00" } else { "" }
    return Translation("\(kind.castName ?? "timestamp") '\(value.plain)\(zone)'", kind)
  }

  // MARK: Comparison

  func compareTime(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation
  ) throws(Untranslatable) -> Translation {
    if left.kind == right.kind, left.kind.timeStorage != .mixed {
      return operation(symbol, left.operand, right.operand)
    }
    if let integer = right.integer, let literal = try timeLiteral(integer, left.kind) {
      return operation(symbol, left.operand, literal.operand)
    }
    guard case .text(let form) = left.kind.timeStorage else {
      throw Untranslatable("times that SQLite does not hold in one form are compared")
    }
    guard let text = right.string else { return try compareForms(symbol, left, right, form) }
    if let literal = try timeLiteral(text, sameFormAs: left.kind) {
      return operation(symbol, left.operand, literal.operand)
    }
    guard let value = CalendarText(text), value.hasDate == left.kind.hasDate else {
      throw Untranslatable("a time is compared with text that is none")
    }
    return operation(try shifted(symbol, form, value.form), left.operand, try bound(value, left.kind, form).operand)
  }

  /// Two times of different forms, as their texts compare.
  private func compareForms(
    _ symbol: BinaryOperator, _ left: Translation, _ right: Translation, _ form: TimeForm
  ) throws(Untranslatable) -> Translation {
    guard case .text(let other) = right.kind.timeStorage, left.kind.hasDate, right.kind.hasDate else {
      throw Untranslatable("times of different forms are compared")
    }
    let lacksSuffix = other.precision == form.precision && form.suffix.isEmpty && !other.suffix.isEmpty
    if other.precision > form.precision || lacksSuffix, form.precision != .day, let mirrored = symbol.mirrored {
      return try compareForms(mirrored, right, left, other)
    }
    let shifted = form == other ? symbol : try shifted(symbol, form, other)
    var operand = right.operand
    if case .timestamptz = right.kind { operand = "(\(operand) AT TIME ZONE 'UTC')" }
    switch left.kind {
    case .date: operand += "::date"
    case .timestamptz: operand = "(\(operand)::timestamp AT TIME ZONE 'UTC')"
    default: if case .date = right.kind { operand += "::timestamp" }
    }
    return operation(shifted, left.operand, operand)
  }

  /// SQLite compares text: a shorter form comes before all longer ones that begin with it, and equals none.
  private func shifted(
    _ symbol: BinaryOperator, _ column: TimeForm, _ literal: TimeForm
  ) throws(Untranslatable) -> BinaryOperator {
    let lacksSuffix = literal.suffix.isEmpty && !column.suffix.isEmpty
    let isShorter = literal.precision < column.precision || (literal.precision == column.precision && lacksSuffix)
    let isLonger = literal.precision > column.precision && column.precision == .day
    let sharesSeparator = column.precision == .day || literal.precision == .day || column.usesT == literal.usesT
    guard isShorter || isLonger, sharesSeparator, isLonger || literal.suffix.isEmpty else {
      throw Untranslatable("a time is compared with text of another form")
    }
    switch symbol {
    case .less, .lessOrEqual: return isShorter ? .less : .lessOrEqual
    case .greater, .greaterOrEqual: return isShorter ? .greaterOrEqual : .greater
    default: throw Untranslatable("a time is compared with text of another form, which it never equals")
    }
  }

  /// The first moment that the shorter text stands for, or the day of the longer one.
  private func bound(
    _ value: CalendarText, _ kind: ValueKind, _ form: TimeForm
  ) throws(Untranslatable) -> Translation {
    var value = value
    if form.precision == .day { value.time = "" }
    // Text of a time alone has no day to begin; a day begins at midnight.
    if value.hasDate, value.time.isEmpty, form.precision != .day { value.time = "00:00:00" }
    return constant(value, kind)
  }

  // MARK: Text

  /// The text that SQLite holds.
  func timeText(_ value: Translation) throws(Untranslatable) -> Translation {
    guard case .text(let form) = value.kind.timeStorage else {
      throw Untranslatable("text of a time that is held in another form")
    }
    var parts: [String] = []
    if value.kind.hasDate { parts.append("YYYY-MM-DD") }
    if form.precision != .day {
      let fraction = form.precision != .fraction ? "" : form.digits == 3 ? ".MS" : ".US"
      guard form.precision != .fraction || form.digits == 3 || form.digits == 6 else {
        throw Untranslatable("text of a time with such a fraction")
      }
      parts.append((form.precision == .minute ? "HH24:MI" : "HH24:MI:SS") + fraction)
    }
    guard !purpose.mustBeImmutable else { throw Untranslatable("text of a time, which is not immutable in PostgreSQL") }
    let format = parts.joined(separator: form.usesT ? "\"T\"" : " ") + (form.suffix.isEmpty ? "" : "\"\(form.suffix)\"")
    let source = if case .timestamptz = value.kind { "\(value.operand) AT TIME ZONE 'UTC'" } else { value.sql }
    return uncollated(Translation("to_char(\(source), '\(format)')", .text))
  }

  // MARK: Functions

  /// A moment that date functions compute with: a `timestamp` in UTC.
  private struct Moment {
    var sql: String
    var isAtom = true
    var hasFraction = false
    var isDay = false
  }

  func timeFunction(_ name: String, _ arguments: [Expression]) throws(Untranslatable) -> Translation {
    if name == "strftime" { return try formatted(arguments) }
    if let constant = try constant(name, arguments) { return constant }
    guard let moment = try moment(arguments) else { return .null(.text) }
    let operand = moment.isAtom ? moment.sql : "(\(moment.sql))"
    switch name {
    case "date":
      return Translation("\(operand)::date", .date(.text(.day)))
    case "time":
      let whole = moment.hasFraction ? "date_trunc('second', \(moment.sql))" : operand
      return Translation("\(whole)::time", .time(.text(.second)))
    case "datetime":
      let kind = ValueKind.timestamp(.text(.second))
      if moment.hasFraction { return Translation("date_trunc('second', \(moment.sql))", kind) }
      return Translation(moment.sql, kind, isAtom: moment.isAtom)
    case "unixepoch":
      return Translation("floor(extract(epoch FROM \(moment.sql)))::bigint", .bigint)
    case "julianday":
      guard !moment.hasFraction else { throw Untranslatable("julianday of a time with a fraction") }
      let milliseconds = "(extract(epoch FROM \(moment.sql))::bigint * 1000 + 210866760000000)"
      return Translation("(\(milliseconds)::double precision / 86400000)", .double(.real))
    default: throw Untranslatable("\(name)()")
    }
  }

  /// `date('2024-01-01')` and its like are text that is known.
  private func constant(_ name: String, _ arguments: [Expression]) throws(Untranslatable) -> Translation? {
    guard arguments.count == 1, case .literal(.string(let text)) = arguments[0], let value = CalendarText(text),
      value.hasDate
    else { return nil }
    let time = value.time.isEmpty ? "00:00:00" : value.form.precision == .minute ? value.time + ":00" : value.time
    switch name {
    case "date": return try .string(value.date)
    case "time": return try .string(String(time.prefix(8)))
    case "datetime": return try .string("\(value.date) \(time.prefix(8))")
    default: return nil
    }
  }

  private func moment(_ arguments: [Expression]) throws(Untranslatable) -> Moment? {
    var modifiers: [String] = []
    for argument in arguments.dropFirst() {
      guard case .literal(.string(let modifier)) = argument else {
        throw Untranslatable("a date function with a modifier that is not known")
      }
      modifiers.append(modifier.lowercased())
    }
    let first = if let first = arguments.first { try translate(first) } else { try Translation.string("now") }
    if first.isNull { return nil }
    let isEpoch = modifiers.first == "unixepoch"
    if isEpoch { modifiers.removeFirst() }
    var moment = try start(first, isEpoch: isEpoch)
    for modifier in modifiers { try apply(modifier, to: &moment) }
    return moment
  }

  private func start(_ value: Translation, isEpoch: Bool) throws(Untranslatable) -> Moment {
    if let text = value.string {
      guard !isEpoch else { throw Untranslatable("'unixepoch' of text") }
      if text.lowercased() == "now" {
        guard !purpose.mustBeImmutable, purpose != .check else { throw Untranslatable("the current time") }
        return Moment(sql: "now() AT TIME ZONE 'UTC'", isAtom: false, hasFraction: true)
      }
      guard let constant = CalendarText(text), constant.hasDate else {
        throw Untranslatable("a date function of text that is no date")
      }
      let time = constant.time.isEmpty ? "\(constant.date) 00:00:00" : constant.plain
      return Moment(
        sql: "timestamp '\(time)'", hasFraction: constant.form.precision == .fraction, isDay: constant.time.isEmpty)
    }
    switch (value.kind, value.kind.timeStorage) {
    case (.integer, _) where isEpoch:
      if let integer = value.integer {
        let (milliseconds, overflows) = integer.multipliedReportingOverflow(by: 1_000)
        guard !overflows, let text = EpochText.text(milliseconds: milliseconds) else { break }
        return Moment(sql: "timestamp '\(text)'")
      }
      let seconds = value.operand
      return Moment(
        sql: """
          CASE WHEN \(seconds) BETWEEN -62135596800 AND 253402300799 \
          THEN to_timestamp(\(value.sql)) AT TIME ZONE 'UTC' END
          """)
    case (.timestamp, .seconds) where isEpoch: return Moment(sql: value.operand)
    case (.timestamptz, .seconds) where isEpoch:
      return Moment(sql: "\(value.operand) AT TIME ZONE 'UTC'", isAtom: false)
    case (.date, .text(_)) where !isEpoch: return Moment(sql: "\(value.operand)::timestamp", isDay: true)
    case (.timestamp, .text(let form)) where !isEpoch:
      return Moment(
        sql: value.sql, isAtom: value.isAtom, hasFraction: form.precision == .fraction, isDay: form.precision == .day)
    case (.timestamptz, .text(let form)) where !isEpoch:
      return Moment(
        sql: "\(value.operand) AT TIME ZONE 'UTC'", isAtom: false, hasFraction: form.precision == .fraction)
    default: break
    }
    throw Untranslatable("a date function of values that are not all dates of one form")
  }

  private func apply(_ modifier: String, to moment: inout Moment) throws(Untranslatable) {
    for unit in ["day", "month", "year"] where modifier == "start of \(unit)" {
      moment = Moment(sql: "date_trunc('\(unit)', \(moment.sql))", isDay: true)
      return
    }
    let words = modifier.split(separator: " ")
    guard words.count == 2, let number = words.first,
      let count = Int32(number.hasPrefix("+") ? number.dropFirst() : number),
      abs(Int64(count)) < 1_000_000, var unit = words.last
    else { throw Untranslatable("the modifier '\(modifier)' of a date function") }
    if unit.hasSuffix("s") { unit = unit.dropLast() }
    let operand = moment.isAtom ? moment.sql : "(\(moment.sql))"
    switch unit {
    case "day", "hour", "minute", "second":
      moment.sql = "\(operand) + interval '\(count) \(unit)s'"
      moment.isDay = moment.isDay && unit == "day"
    case "month", "year":
      // SQLite goes on into the next month where the day does not exist; PostgreSQL would stay in the month.
      let month = "date_trunc('month', \(moment.sql))"
      moment.sql = "\(month) + interval '\(count) \(unit)s' + (\(operand) - \(month))"
    default: throw Untranslatable("the modifier '\(modifier)' of a date function")
    }
    moment.isAtom = false
  }

  private func formatted(_ arguments: [Expression]) throws(Untranslatable) -> Translation {
    guard case .literal(.string(let format)) = arguments.first else {
      throw Untranslatable("strftime with a format that is not known")
    }
    guard let moment = try moment(Array(arguments.dropFirst())) else { return .null(.text) }
    let fields: [Unicode.Scalar: (field: String, width: Int)] = [
      "Y": ("year", 4), "m": ("month", 2), "d": ("day", 2), "H": ("hour", 2), "M": ("minute", 2), "S": ("second", 2),
      "j": ("doy", 3), "w": ("dow", 1), "s": ("epoch", 0),
    ]
    var pieces: [String] = []
    var number: String?
    var plain = ""
    var rest = format.unicodeScalars[...]
    func flush() {
      if !plain.isEmpty { pieces.append(PostgresText.literal(plain)) }
      plain = ""
    }
    while let scalar = rest.popFirst() {
      guard scalar == "%", let letter = rest.popFirst() else {
        guard scalar != "%", scalar.value > 0 else { throw Untranslatable("this format of strftime") }
        plain.unicodeScalars.append(scalar)
        continue
      }
      if letter == "%" {
        plain += "%"
        continue
      }
      guard let (field, width) = fields[letter] else { throw Untranslatable("%\(letter) in strftime") }
      flush()
      let needsFloor = field == "epoch" || field == "second"
      let value = "extract(\(field) FROM \(moment.sql))"
      let integer = "\(needsFloor ? "floor(\(value))" : value)::\(field == "epoch" ? "bigint" : "integer")"
      number = integer
      pieces.append(width > 1 ? "lpad(\(integer)::text, \(width), '0')" : "\(integer)::text")
    }
    flush()
    guard !pieces.isEmpty else { throw Untranslatable("this format of strftime") }
    var result = uncollated(
      Translation(pieces.joined(separator: " || "), .text, isAtom: pieces.count == 1))
    if pieces.count == 1, let number { result.integerForm = number }
    return result
  }
}

extension ValueKind {
  var hasDate: Bool {
    switch self {
    case .date, .timestamp, .timestamptz: true
    default: false
    }
  }
}
