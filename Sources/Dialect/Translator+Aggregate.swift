import Model

/// Aggregates and window functions.
extension Translator {
  func aggregate(_ call: FunctionCall) throws(Untranslatable) -> Translation {
    guard let frame = frames.last, frame.allowsAggregates, !frame.isInsideAggregate else {
      throw Untranslatable("the aggregate \(call.name)() there")
    }
    return try gathered(call, over: "")
  }

  /// The aggregate with `over` behind it.
  private func gathered(_ call: FunctionCall, over: String) throws(Untranslatable) -> Translation {
    var inner = self
    inner.frames[frames.count - 1].isInsideAggregate = over.isEmpty
    inner.frames[frames.count - 1].allowsAggregates = !over.isEmpty && frames[frames.count - 1].allowsAggregates
    inner.frames[frames.count - 1].allowsWindows = false
    var arguments: [Translation] = []
    for argument in call.arguments { arguments.append(try inner.translate(argument)) }
    var tail = over
    if let filter = call.filter { tail = " FILTER (WHERE \(try inner.truth(inner.translate(filter)).sql))" + over }
    if call.name == "count", arguments.isEmpty { return Translation("count(*)\(tail)", .bigint) }
    guard let value = arguments.first, arguments.count == 1 || call.name == "group_concat" else {
      throw Untranslatable("\(call.name)() with these arguments")
    }
    if call.isDistinct { try checkDistinct(value) }
    let distinct = call.isDistinct ? "DISTINCT " : ""
    switch call.name {
    case "count": return Translation("count(\(distinct)\(value.sql))\(tail)", .bigint)
    case "sum", "total", "avg": return try sum(call.name, value, distinct, tail)
    case "min", "max": return try extreme(call.name, value, tail)
    case "group_concat": return try joined(arguments, distinct, tail)
    default: throw Untranslatable("\(call.name)()")
    }
  }

  /// Values that SQLite tells apart must not meet, nor the other way round.
  func checkDistinct(_ value: Translation) throws(Untranslatable) {
    guard value.kind.isComparable else { throw Untranslatable("equal values of a column without one form") }
    if value.kind.isText, (value.collation ?? "BINARY") != "BINARY" {
      throw Untranslatable("equal values by another collation than BINARY")
    }
    if value.kind == .text(isCaseInsensitive: true) { throw Untranslatable("equal values of citext") }
  }

  private func sum(
    _ name: String, _ value: Translation, _ distinct: String, _ tail: String
  ) throws(Untranslatable) -> Translation {
    let number = try number(value)
    guard !number.isNull else { throw Untranslatable("\(name)() of NULL") }
    let double = number.kind.isDouble ? number.sql : number.cast(to: "double precision", .double(.mixed)).sql
    switch (name, number.kind) {
    case ("avg", _): return Translation("avg(\(distinct)\(double))\(tail)", .double(.real))
    case ("total", _): return Translation("COALESCE(sum(\(distinct)\(double))\(tail), 0)", .double(.real))
    case (_, .integer): return Translation("sum(\(distinct)\(number.sql))\(tail)::bigint", .bigint)
    case (_, .double(let storage)): return Translation("sum(\(distinct)\(double))\(tail)", .double(storage))
    default: return Translation("sum(\(distinct)\(double))\(tail)", .double(.mixed))
    }
  }

  private func extreme(_ name: String, _ value: Translation, _ tail: String) throws(Untranslatable) -> Translation {
    guard value.kind.isComparable else { throw Untranslatable("\(name)() of a column without one form") }
    if value.kind == .boolean {
      return Translation("\(name == "min" ? "bool_and" : "bool_or")(\(value.sql))\(tail)", .boolean)
    }
    if case .uuid = value.kind { throw Untranslatable("\(name)() of UUIDs") }
    guard value.kind != .bytea, value.kind != .null else { throw Untranslatable("\(name)() of such values") }
    if value.kind.isText { try checkDistinct(value) }
    let argument = withC(value)
    var result = Translation("\(name)(\(argument.sql))\(tail)", value.kind)
    result.magnitude = value.magnitude
    return result
  }

  /// The order of the parts is arbitrary in both.
  private func joined(
    _ arguments: [Translation], _ distinct: String, _ tail: String
  ) throws(Untranslatable) -> Translation {
    guard arguments.count <= 2 else { throw Untranslatable("group_concat() with these arguments") }
    let value = try text(arguments[0])
    let separator = arguments.count == 2 ? try text(arguments[1]) : try .string(",")
    guard separator.string != nil else { throw Untranslatable("group_concat() with a separator that is not known") }
    var result = Translation("string_agg(\(distinct)\(value.sql), \(separator.sql))\(tail)", .text)
    result.hasC = value.hasC
    return result
  }

  // MARK: Windows

  func windowCall(_ call: FunctionCall) throws(Untranslatable) -> Translation {
    guard let reference = call.window, let frame = frames.last, frame.allowsWindows, !frame.isInsideAggregate else {
      throw Untranslatable("the window function \(call.name)() there")
    }
    let over: String
    switch reference {
    case .named(let name):
      guard frame.windows.contains(name.folded) else { throw Untranslatable("the window \(name) is not known") }
      over = " OVER \(try identifier(Self.asciiLower(name)))"
    case .inline(let window): over = " OVER (\(try self.window(window)))"
    }
    if SQLiteFunctions.aggregates.contains(call.name) {
      guard !call.isDistinct, call.name != "group_concat" else { throw Untranslatable("this window function") }
      return try gathered(call, over: over)
    }
    guard call.filter == nil, SQLiteFunctions.windows.contains(call.name) else {
      throw Untranslatable("SQLite 3.40 has no window function \(call.name)()")
    }
    var inner = self
    inner.frames[frames.count - 1].allowsWindows = false
    var arguments: [Translation] = []
    for argument in call.arguments { arguments.append(try inner.translate(argument)) }
    return try numbered(call.name, arguments, over)
  }

  private func numbered(
    _ name: String, _ arguments: [Translation], _ over: String
  ) throws(Untranslatable) -> Translation {
    switch (name, arguments.count) {
    case ("row_number", 0), ("rank", 0), ("dense_rank", 0): return Translation("\(name)()\(over)", .bigint)
    case ("percent_rank", 0), ("cume_dist", 0): return Translation("\(name)()\(over)", .double(.real))
    case ("ntile", 1):
      guard let count = arguments[0].integer, count > 0, count < 1 << 31 else { break }
      return Translation("ntile(\(count))\(over)", .integer(bits: 32))
    case ("first_value", 1), ("last_value", 1), ("nth_value", 2), ("lag", 1...3), ("lead", 1...3):
      guard !arguments[0].isNull else { break }
      var list = [arguments[0].sql]
      if arguments.count > 1 {
        guard let number = arguments[1].integer, number >= (name == "nth_value" ? 1 : 0), number < 1 << 31 else {
          break
        }
        list.append(String(number))
      }
      if arguments.count == 3 {
        let values = try unified([arguments[0], arguments[2]])
        guard values[0].sql == arguments[0].sql else { break }
        guard let type = values[0].kind.castName else { break }
        list.append(values[1].cast(to: type, values[0].kind).sql)
      }
      var result = Translation("\(name)(\(list.joined(separator: ", ")))\(over)", arguments[0].kind)
      result.hasC = arguments[0].hasC
      result.magnitude = arguments[0].magnitude
      return result
    default: break
    }
    throw Untranslatable("\(name)() with these arguments")
  }

  func window(_ window: Window) throws(Untranslatable) -> String {
    guard window.base == nil else { throw Untranslatable("a window that extends another one") }
    var inner = self
    inner.frames[frames.count - 1].allowsWindows = false
    var parts: [String] = []
    if !window.partition.isEmpty {
      var list: [String] = []
      for expression in window.partition {
        let value = try inner.translate(expression)
        try checkDistinct(value)
        list.append(value.sql)
      }
      parts.append("PARTITION BY \(list.joined(separator: ", "))")
    }
    if !window.order.isEmpty {
      var list: [String] = []
      for term in window.order { list.append(try inner.orderTerm(inner.translate(term.expression), term)) }
      parts.append("ORDER BY \(list.joined(separator: ", "))")
    }
    if let frame = window.frame { parts.append(try Self.text(of: frame)) }
    return parts.joined(separator: " ")
  }

  private static func text(of frame: Window.Frame) throws(Untranslatable) -> String {
    func text(_ bound: Window.Bound) throws(Untranslatable) -> String {
      switch bound {
      case .unboundedPreceding: return "UNBOUNDED PRECEDING"
      case .unboundedFollowing: return "UNBOUNDED FOLLOWING"
      case .currentRow: return "CURRENT ROW"
      case .preceding(.literal(.integer(let count))) where count >= 0 && frame.unit != "RANGE":
        return "\(count) PRECEDING"
      case .following(.literal(.integer(let count))) where count >= 0 && frame.unit != "RANGE":
        return "\(count) FOLLOWING"
      default: throw Untranslatable("this window frame")
      }
    }
    var extent = try text(frame.start)
    if let end = frame.end { extent = "BETWEEN \(extent) AND \(try text(end))" }
    return "\(frame.unit) \(extent)" + (frame.exclusion.map { " EXCLUDE \($0)" } ?? "")
  }

  /// NULL comes first in SQLite, last in PostgreSQL.
  func orderTerm(_ value: Translation, _ term: OrderTerm) throws(Untranslatable) -> String {
    guard value.kind.isComparable else { throw Untranslatable("the order of a column without one form") }
    let key = value.kind.isText ? withC(try collated(value, value.collation ?? "BINARY")) : value
    return key.sql + Self.direction(term)
  }

  static func direction(_ term: OrderTerm) -> String {
    let nullsFirst = term.nullsFirst ?? !term.isDescending
    return (term.isDescending ? " DESC" : "") + " NULLS \(nullsFirst ? "FIRST" : "LAST")"
  }
}
