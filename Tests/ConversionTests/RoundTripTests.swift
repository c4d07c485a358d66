import Model
import Schema
import TestSupport
import Testing

@testable import Conversion

/// The law: what fits comes back byte by byte; cases 24 to 29 at random.
struct RoundTripTests {
  private static func columns() throws -> [Column] {
    let limits = NumericLimits(precision: 12, scale: 2)
    let types: [TargetType] = [
      .smallint, .integer, .bigint, .real, .double, .numeric(nil), .numeric(limits), .boolean, .date, .time, .timestamp,
      .timestamptz, .uuid, .json, .bytea, .text, .varchar(8), .char(8), .citext, .enumeration, .anyText, .keyText,
    ]
    var columns = try types.map { try Column($0) }
    for numbers in Reading.Numbers.allCases {
      for type in [TargetType.date, .timestamp, .timestamptz] {
        columns.append(try Column(type, Reading(numbers: numbers)))
      }
    }
    for zone in ["UTC", "+05:30", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
      columns.append(try Column(.timestamptz, Reading(zone: zone)))
    }
    for format in ["%d.%m.%Y %H:%M:%S.%f", "%-d %b %Y %I:%M %p", "%Y%j", "%F %T"] {
      columns.append(try Column(.timestamp, Reading(format: format)))
    }
    columns.append(try Column(.timestamptz, Reading(format: "%d/%b/%Y:%H:%M:%S %z")))
    columns.append(try Column(.bytea, Reading(nul: .bytea)))
    return columns
  }

  @Test(arguments: [UInt64(1), 2, 3, UInt64.random(in: 4 ... .max)])
  func `what fits comes back`(_ seed: UInt64) throws {
    print("round trip: seed \(seed)")
    var random = SeededRandom(seed: seed)
    for column in try Self.columns() {
      var fitting: [(field: [UInt8], spelling: Spelling)] = []
      for _ in 0..<1_200 {
        let value = random.value()
        switch column.field(value) {
        case .failure: #expect(column.spelling(value) == nil)
        case .success(nil): #expect(value == .null)
        case .success(let field?):
          let spelling = try #require(column.spelling(value))
          let image = column.decode(field, spelling)
          #expect(image == value || value.isNaN, "\(column.codec.type) \(column.codec.reading) \(value), seed \(seed)")
          fitting.append((field, spelling))
        }
      }
      #expect(!fitting.isEmpty, "\(column.codec.type) \(column.codec.reading)")
      checkStrangers(fitting, column, &random, seed)
    }
  }

  /// A value of the target in a spelling of the source: what it gives is an image of that value, or nothing.
  private func checkStrangers(
    _ fitting: [(field: [UInt8], spelling: Spelling)], _ column: Column, _ random: inout SeededRandom, _ seed: UInt64
  ) {
    for _ in 0..<600 where !fitting.isEmpty {
      let field = random.pick(fitting).field
      let spelling = random.pick(fitting).spelling
      guard let image = column.decode(field, spelling), !image.isNaN else { continue }
      guard case .success(var again?) = column.field(image) else {
        Issue.record("\(column.codec.type) \(column.codec.reading) \(image), seed \(seed)")
        continue
      }
      if case .numeric = column.codec.type { again.replaceSubrange(6..<8, with: field[6..<8]) }
      #expect(again == field, "\(column.codec.type) \(column.codec.reading) \(image), seed \(seed)")
      // −0.0 and 0 are one double to whoever spells whole numbers.
      #expect(column.spelling(image)?.storageClass == spelling.storageClass)
    }
  }

  @Test func `any bytes as a field and any spelling do no harm`() throws {
    var random = SeededRandom(seed: 26)
    for column in try Self.columns() {
      for _ in 0..<2_000 {
        let count = random.pick([0, 1, 2, 4, 4, 8, 8, 8, 10, 12, 16, random.below(40)])
        let field = (0..<count).map { _ in random.isOne(in: 3) ? 0 : UInt8(truncatingIfNeeded: random.next()) }
        let bits = UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(30))
        _ = column.decode(field, Spelling(rawValue: bits))
      }
    }
  }
}

extension Value {
  fileprivate var isNaN: Bool { if case .real(let bits) = self { Double(bitPattern: bits).isNaN } else { false } }
}

extension SeededRandom {
  /// A value that some type may take.
  fileprivate mutating func value() -> Value {
    switch below(12) {
    case 0: .null
    case 1: .integer(pick([0, 1, -1, 2, 1 << 24, 1 << 53, .max, .min, 86_400, 2_460_000, 1_700_000_000]))
    case 2: .integer(Int64(bitPattern: next()) >> Int64(below(63)))
    case 3:
      .real(pick([0, -0.0, 0.5, 1, 1e10, .infinity, .leastNonzeroMagnitude, 2_460_000.5, 1_700_000_000.123, 86_400]))
    case 4: .real(bits: next())
    case 5: .real(Double(Int64(bitPattern: next()) >> Int64(below(60))) / pick([1, 2, 10, 1_000, 1e6, 86_400]))
    case 6: .blob((0..<pick([0, 1, 16, 20])).map { _ in UInt8(truncatingIfNeeded: next()) })
    case 7: .text(mutated(time()))
    case 8: .text(mutated(decimal()))
    case 9: .text(mutated(uuid()))
    case 10: .text(mutated(Array(pick(Self.words).utf8)))
    default: .text(mutated(pattern()))
    }
  }

  private static let words = [
    "", "t", "TRUE", "No", "on", "0", "1", "abc", "é漢🚚", "{}", "[1, 2.50, null]", "{\"a\": \"\\u00e9\"}", "\"x\"", "-0",
    "now", "today", "infinity", "inf", "\\x00ff", "a ", "24:00", "12:30", "12:30:59", "00:00:00.000001",
  ]

  /// Now and then a byte changed, gone or added.
  private mutating func mutated(_ text: [UInt8]) -> [UInt8] {
    guard isOne(in: 5) else { return text }
    var text = text
    let at = below(text.count + 1)
    switch below(3) {
    case 0 where at < text.count: text[at] = pick(Array("0159-+:.eEzZ T{}\u{0}".utf8))
    case 1 where at < text.count: text.remove(at: at)
    default: text.insert(pick(Array("0159-+:.eEzZ T\"\u{0}".utf8)), at: at)
    }
    return text
  }

  private mutating func digits(_ count: Int) -> String { (0..<count).map { _ in String(below(10)) }.joined() }

  private mutating func two(_ range: ClosedRange<Int>) -> String {
    let value = range.lowerBound + below(range.count)
    return value < 10 ? "0\(value)" : "\(value)"
  }

  private mutating func time() -> [UInt8] {
    // Often near the days when clocks change.
    let date =
      isOne(in: 2)
      ? "20\(two(0...40))-\(two(1...12))-\(two(1...31))"
      : pick(["2024-03-31", "2024-10-27", "2024-03-10", "2037-11-01", "2045-04-02", "2024-02-29", "1900-02-28"])
    if isOne(in: 6) { return Array(date.utf8) }
    var clock = "\(two(0...23)):\(two(0...59))"
    if !isOne(in: 5) { clock += ":\(two(0...59))" }
    if clock.count == 8, isOne(in: 2) { clock += ".\(digits(1 + below(6)))\(pick(["", "", "0", "000"]))" }
    if isOne(in: 6) { return Array(clock.utf8) }
    let zone = pick(["", "", "Z", "z", "+01:00", "-0530", " +14", "-00:00", "+00", " Z", "+16:00"])
    return Array("\(date)\(pick([" ", "T", "t"]))\(clock)\(zone)".utf8)
  }

  private mutating func decimal() -> [UInt8] {
    var text =
      pick(["", "", "-", "+"]) + pick(["0", "1", "12", "9999", "10000", "123456789012345678901", digits(1 + below(9))])
    if isOne(in: 2) { text += ".\(digits(1 + below(6)))" }
    if isOne(in: 4) { text += "\(pick(["e", "E"]))\(pick(["", "+", "-"]))\(pick(["0", "1", "05", "12", "300"]))" }
    return Array(text.utf8)
  }

  private mutating func uuid() -> [UInt8] {
    var text = (0..<32).map { _ in pick(["0", "7", "a", "f", "c", "9"]) }.joined()
    if isOne(in: 2) {
      for at in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: at)) }
    }
    if isOne(in: 3) { text = text.uppercased() }
    return Array((isOne(in: 4) ? "{\(text)}" : text).utf8)
  }

  /// By one of the patterns above.
  private mutating func pattern() -> [UInt8] {
    let month = pick(["Jan", "Feb", "May", "Dec"])
    let text =
      switch below(5) {
      case 0:
        "\(two(1...31)).\(two(1...12)).\(digits(4)) \(two(0...23)):\(two(0...59)):\(two(0...59)).\(digits(1 + below(6)))"
      case 1: "\(1 + below(31)) \(month) \(digits(4)) \(two(1...12)):\(two(0...59)) \(pick(["AM", "PM"]))"
      case 2: "\(digits(4))\(below(3))\(digits(2))"
      case 3: "20\(two(0...40))-\(two(1...12))-\(two(1...28)) \(two(0...23)):\(two(0...59)):\(two(0...59))"
      default: "\(two(1...31))/\(month)/\(digits(4)):10:11:12 \(pick(["+0100", "Z", "-05:30"]))"
      }
    return Array(text.utf8)
  }
}
