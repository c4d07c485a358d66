import TestSupport

/// Random expressions over the columns of `Columns`, as SQLite's SQL.
struct RandomExpression {
  var random: SeededRandom

  private let texts = ["name", "code", "note"]
  private let numbers = ["id", "small", "price", "ratio", "amount", "flag"]
  private let times = ["day", "made", "precise", "hour", "zoned", "seconds"]
  private let strings = [
    "''", "'a'", "'A'", "'ab'", "'%'", "'a%'", "'_b%'", "'é'", "'É'", "'5'", "'10'", "'2024-01-01'", "'a\\b'",
    "' '", "'x@y'", "'%\\%'", "'z''q'", "'2024-02-29 12:30:00'", "'2024-02-29 12:30'", "'12:30:00'",
    "'2024-02-29 12:30:00.500'", "'2024-02-29T12:30:00Z'",
  ]
  private let globs = ["'a*'", "'*[^0-9]*'", "'?b*'", "'[A-Z]*'", "'*_*'", "'[^a-c]?'"]
  private let constants = [
    "0", "1", "-1", "2", "3", "10", "1.5", "-2.5", "0.5", "4294967296", "9007199254740993", "9223372036854775807",
    "-9223372036854775808", "NULL", "TRUE", "1e3", "1700000000",
  ]

  mutating func condition(_ depth: Int) -> String {
    guard depth > 0 else { return "\(random.pick(numbers)) \(comparison()) \(number(0))" }
    switch random.below(15) {
    case 0: return "(\(condition(depth - 1)) AND \(condition(depth - 1)))"
    case 1: return "(\(condition(depth - 1)) OR \(condition(depth - 1)))"
    case 2: return "NOT (\(condition(depth - 1)))"
    case 3, 4: return "\(number(depth - 1)) \(comparison()) \(number(depth - 1))"
    case 5: return "\(text(depth - 1)) \(comparison()) \(text(depth - 1))"
    case 6: return "\(any(depth - 1)) \(comparison()) \(any(depth - 1))"
    case 7: return "\(any(depth - 1)) IS \(random.pick(["NULL", "NOT NULL"]))"
    case 8: return "\(text(depth - 1)) \(random.pick(["LIKE", "NOT LIKE"])) \(random.pick(strings))"
    case 9: return "\(text(depth - 1)) GLOB \(random.pick(globs))"
    case 10: return "\(any(depth - 1)) \(random.pick(["IN", "NOT IN"])) (\(any(0)), \(any(0)), \(any(0)))"
    case 11: return "\(any(depth - 1)) BETWEEN \(any(0)) AND \(any(0))"
    case 12:
      let other = random.isOne(in: 2) ? time(depth - 1) : random.pick(strings)
      return "\(time(depth - 1)) \(comparison()) \(other)"
    case 13:
      return "\(text(depth - 1)) COLLATE \(random.pick(["NOCASE", "RTRIM", "BINARY"])) \(comparison()) \(text(0))"
    default: return "(\(condition(depth - 1))) IS \(random.pick(["TRUE", "FALSE", "NOT TRUE"]))"
    }
  }

  mutating func any(_ depth: Int) -> String {
    switch random.below(5) {
    case 0, 1: number(depth)
    case 2, 3: text(depth)
    default: time(depth)
    }
  }

  private mutating func comparison() -> String { random.pick(["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"]) }

  mutating func number(_ depth: Int) -> String {
    guard depth > 0 else { return random.isOne(in: 3) ? random.pick(constants) : random.pick(numbers) }
    switch random.below(17) {
    case 0: return "(\(number(depth - 1)) \(random.pick(["+", "-", "*"])) \(number(depth - 1)))"
    case 1: return "(\(number(depth - 1)) \(random.pick(["/", "%"])) \(number(depth - 1)))"
    case 2: return "(\(number(depth - 1)) \(random.pick(["&", "|", "<<", ">>"])) \(number(0)))"
    case 3: return "length(\(any(depth - 1)))"
    case 4: return "instr(\(text(depth - 1)), \(text(0)))"
    case 5: return "abs(\(number(depth - 1)))"
    case 6: return "round(\(number(depth - 1)))"
    case 7: return "coalesce(\(number(depth - 1)), \(number(depth - 1)))"
    case 8: return "\(random.pick(["min", "max"]))(\(number(depth - 1)), \(number(depth - 1)))"
    case 9: return "CASE WHEN \(condition(depth - 1)) THEN \(number(depth - 1)) ELSE \(number(depth - 1)) END"
    case 10: return "CAST(\(number(depth - 1)) AS \(random.pick(["INTEGER", "REAL", "NUMERIC"])))"
    case 11: return "nullif(\(number(depth - 1)), \(number(0)))"
    case 12: return "unicode(\(text(depth - 1)))"
    case 13: return "\(random.pick(["-", "~", "+"]))\(number(depth - 1))"
    case 14: return "CAST(strftime('\(random.pick(["%Y", "%m", "%j", "%w", "%s"]))', \(time(depth - 1))) AS INTEGER)"
    case 15: return random.pick(["unixepoch", "julianday"]) + "(\(time(depth - 1)))"
    default: return "(\(condition(depth - 1)))"
    }
  }

  mutating func text(_ depth: Int) -> String {
    guard depth > 0 else { return random.isOne(in: 3) ? random.pick(strings) : random.pick(texts) }
    switch random.below(14) {
    case 0, 1: return "(\(any(depth - 1)) || \(any(depth - 1)))"
    case 2: return "substr(\(text(depth - 1)), \(position()))"
    case 3: return "substr(\(text(depth - 1)), \(position()), \(position()))"
    case 4: return "\(random.pick(["lower", "upper", "trim", "ltrim", "rtrim"]))(\(text(depth - 1)))"
    case 5: return "\(random.pick(["trim", "ltrim", "rtrim"]))(\(text(depth - 1)), \(text(0)))"
    case 6: return "replace(\(text(depth - 1)), \(text(0)), \(text(0)))"
    case 7: return "coalesce(\(text(depth - 1)), \(text(depth - 1)))"
    case 8: return "\(random.pick(["min", "max"]))(\(text(depth - 1)), \(text(depth - 1)))"
    case 9: return "CASE \(any(depth - 1)) WHEN \(any(0)) THEN \(text(depth - 1)) ELSE \(text(depth - 1)) END"
    case 10: return "CAST(\(any(depth - 1)) AS TEXT)"
    case 11: return "hex(\(any(depth - 1)))"
    case 12: return "typeof(\(any(depth - 1)))"
    default: return "strftime('\(random.pick(["%Y-%m", "%d.%m.%Y", "%H:%M", "%s", "%Y%%"]))', \(time(depth - 1)))"
    }
  }

  private mutating func position() -> String {
    random.pick([
      "0", "1", "2", "-1", "-3", "5", "100", "instr(name, 'b')", "length(name)", "small", "length(code) - 2",
    ])
  }

  mutating func time(_ depth: Int) -> String {
    guard depth > 0 else { return random.pick(times) }
    let modifier = random.pick([
      "", ", '+1 day'", ", '-1 month'", ", '+13 months'", ", '+1 year'", ", 'start of month'", ", 'start of year'",
      ", '-36 hours'", ", 'start of day', '+90 minutes'", ", 'unixepoch'",
    ])
    return "\(random.pick(["date", "datetime", "time"]))(\(time(depth - 1))\(modifier))"
  }
}
