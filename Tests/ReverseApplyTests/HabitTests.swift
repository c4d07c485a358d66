import Conversion
import Model
import Schema
import SchemaFixtures
import Testing

@testable import ReverseApply

/// How values are spelled, decided without a database.
struct HabitTests {
  /// What a value of the target becomes in a column that was seen to hold `seen`.
  private func image(
    _ type: TargetType, of value: Value, seen: [Value], _ reading: Reading = Reading(), declared: String = ""
  ) throws -> Value? {
    let codec = try ColumnCodec(type, reading)
    var tally = HabitTally()
    var scratch = WireBuffer()
    for value in seen {
      scratch.removeAll()
      let spelling = try #require(
        value.withView { view in try? Conversion.write(view, as: codec, to: &scratch) }, "\(value)")
      let field = UnsafeRawBufferPointer(rebasing: scratch.bytes[4...])
      tally.note(spelling, isWhole: Conversion.isWhole(field, as: type))
    }
    var plan = planned("c", type)
    plan.reading = reading
    let returning = try ReturningColumn(plan, of: column("c", declared), habit: tally.habit)
    scratch.removeAll()
    let misfit = value.withView { Conversion.append($0, as: codec, to: &scratch) }
    try #require(misfit == nil, "\(value)")
    let field = UnsafeRawBufferPointer(rebasing: scratch.bytes[4...])
    return try? returning.image(of: field, skipping: 0).get()
  }

  @Test func `booleans`() throws {
    #expect(try image(.boolean, of: "true", seen: [0, 1, 1]) == 1)
    #expect(try image(.boolean, of: 0, seen: ["t", "f"]) == "f")
    #expect(try image(.boolean, of: 1, seen: ["false"]) == "true")
    #expect(try image(.boolean, of: 1, seen: ["NO", "YES", 1]) == "YES")
    #expect(try image(.boolean, of: "y", seen: []) == 1)
  }

  @Test func `timestamps as text`() throws {
    let value: Value = "2024-02-29 08:09:10"
    func written(_ seen: Value..., type: TargetType = .timestamp) throws -> Value? {
      try image(type, of: value, seen: seen)
    }
    #expect(try written("2023-01-01T00:00:01") == "2024-02-29T08:09:10")
    #expect(try written("2023-01-01 00:00:01") == "2024-02-29 08:09:10")
    #expect(try written("2023-01-01 00:00:01.000") == "2024-02-29 08:09:10.000")
    // Minutes do not say the seconds, a date not the time.
    #expect(try written("2023-01-01T00:01") == "2024-02-29T08:09:10")
    #expect(try written("2023-01-01") == "2024-02-29 08:09:10")
    #expect(try written() == "2024-02-29 08:09:10")
    // The commonest wins.
    #expect(try written("2023-01-01 00:00:01", "2023-01-01T00:00:01", "2023-01-02T00:00:01") == "2024-02-29T08:09:10")
  }

  @Test func `fractions of a second`() throws {
    let whole: Value = "2023-01-01T00:00:01"
    func written(_ value: Value, _ seen: Value...) throws -> Value? { try image(.timestamp, of: value, seen: seen) }
    #expect(try written("2024-01-01 00:00:00.5", whole) == "2024-01-01T00:00:00.500")
    #expect(try written("2024-01-01 00:00:00.123456", whole) == "2024-01-01T00:00:00.123456")
    // Python leaves a fraction of nothing out.
    #expect(
      try written("2024-01-01 00:00:00", "2023-01-01 00:00:01.250000", "2023-01-01 00:00:01")
        == "2024-01-01 00:00:00")
    #expect(
      try written("2024-01-01 00:00:00.1", "2023-01-01 00:00:01.250000", "2023-01-01 00:00:01")
        == "2024-01-01 00:00:00.100000")
    // JavaScript always writes three digits.
    #expect(try written("2024-01-01 00:00:00", "2023-01-01T00:00:01.250") == "2024-01-01T00:00:00.000")
    #expect(try image(.time, of: "08:09:10.25", seen: ["10:00"]) == "08:09:10.250")
  }

  @Test func `zones`() throws {
    let value: Value = "2024-02-29T08:00:00Z"
    #expect(try image(.timestamptz, of: value, seen: ["2023-01-01T00:00:01Z"]) == "2024-02-29T08:00:00Z")
    #expect(try image(.timestamptz, of: value, seen: ["2023-01-01 00:00:01+02:00"]) == "2024-02-29 10:00:00+02:00")
    #expect(try image(.timestamptz, of: value, seen: []) == "2024-02-29 08:00:00+00:00")
    let berlin = Reading(zone: "Europe/Berlin")
    #expect(try image(.timestamptz, of: value, seen: ["2023-01-01 00:00:01"], berlin) == "2024-02-29 09:00:00")
    // 00:30 UTC is the first 02:30 of that night; without an offset 02:30 is the second one.
    #expect(
      try image(.timestamptz, of: "2024-10-27T00:30:00Z", seen: ["2023-01-01 00:00:01"], berlin)
        == "2024-10-27 00:30:00+00:00")
    #expect(
      try image(.timestamptz, of: "2024-10-27T01:30:00Z", seen: ["2023-01-01 00:00:01"], berlin)
        == "2024-10-27 02:30:00")
  }

  @Test func `times as numbers`() throws {
    let whole: Value = "2023-11-14 22:13:20"
    let half: Value = "2023-11-14 22:13:20.5"
    func written(_ value: Value, _ unit: Reading.Numbers, _ seen: Value...) throws -> Value? {
      try image(.timestamp, of: value, seen: seen, Reading(numbers: unit))
    }
    #expect(try written(whole, .seconds, 1_600_000_000) == 1_700_000_000)
    #expect(try written(half, .seconds, 1_600_000_000) == 1_700_000_000.5)
    #expect(try written(half, .seconds, 1_600_000_000.25) == 1_700_000_000.5)
    #expect(try written(half, .milliseconds, 1_600_000_000_000) == 1_700_000_000_500)
    #expect(try written(half, .microseconds, 1_600_000_000_000_000) == 1_700_000_000_500_000)
    #expect(try written("2024-01-01 12:00:00", .julianDay, 2_460_000.5) == 2_460_311.0)
    #expect(try written(whole, .seconds) == 1_700_000_000)
    // Both are in the column: the commoner one is written.
    #expect(try written(whole, .seconds, 1_600_000_000, "2023-01-01 00:00:00", "2023-01-02 00:00:00") == whole)
  }

  @Test func `times by a pattern`() throws {
    let reading = Reading(format: "%d.%m.%Y %H:%M")
    #expect(try image(.timestamp, of: "29.02.2024 08:09", seen: ["01.01.2023 00:00"], reading) == "29.02.2024 08:09")
    #expect(try image(.timestamp, of: "29.02.2024 08:09", seen: [], reading) == "29.02.2024 08:09")
    let fine = Reading(format: "%F %T.%f")
    #expect(
      try image(.timestamp, of: "2024-02-29 08:09:10.123456", seen: ["2023-01-01 00:00:00.5"], fine)
        == "2024-02-29 08:09:10.123456")
  }

  @Test func `UUIDs`() throws {
    let value: Value = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    #expect(try image(.uuid, of: value, seen: ["00000000-0000-0000-0000-00000000000a"]) == value)
    #expect(
      try image(.uuid, of: value, seen: ["0000000000000000000000000000000a"]) == "f47ac10b58cc4372a5670e02b2c3d479")
    #expect(
      try image(.uuid, of: value, seen: ["{0000000000000000000000000000000A}"]) == "{F47AC10B58CC4372A5670E02B2C3D479}")
    let bytes: Value = .blob([UInt8](repeating: 7, count: 16))
    #expect(try image(.uuid, of: bytes, seen: [.blob([UInt8](repeating: 1, count: 16))]) == bytes)
    #expect(try image(.uuid, of: value, seen: []) == value)
  }

  @Test func `decimals`() throws {
    let numeric = TargetType.numeric(nil)
    #expect(try image(numeric, of: "1.10", seen: [1.5], declared: "DECIMAL") == 1.1)
    #expect(try image(numeric, of: "2", seen: [1, 1.5], declared: "DECIMAL") == 2)
    #expect(try image(numeric, of: "2", seen: [1.5], declared: "") == 2.0)
    #expect(try image(numeric, of: "1.1", seen: ["5.25"], declared: "TEXT") == "1.10")
    #expect(try image(numeric, of: "1.1234", seen: ["5.25"], declared: "TEXT") == "1.1234")
    #expect(try image(numeric, of: "7", seen: ["5.25"], declared: "TEXT") == "7.00")
    #expect(try image(numeric, of: "7", seen: ["5.25", "6"], declared: "TEXT") == "7")
    // No double is this number.
    #expect(try image(numeric, of: "12345678901234567890.5", seen: [1.5]) == "12345678901234567890.5")
    #expect(try image(numeric, of: "1.50", seen: [], declared: "TEXT") == "1.50")
  }

  @Test func `doubles in a column without affinity`() throws {
    #expect(try image(.double, of: 5.0, seen: [1, 2, 1.5]) == 5)
    #expect(try image(.double, of: 5.5, seen: [1, 2, 1.5]) == 5.5)
    #expect(try image(.double, of: 5.0, seen: [1.0]) == 5.0)
    #expect(try image(.double, of: -0.0, seen: [1, 2]) == -0.0)
  }

  @Test func `columns of several classes`() throws {
    #expect(try image(.anyText, of: "5", seen: [1, 2, "x"]) == 5)
    #expect(try image(.anyText, of: "abc", seen: [1, 2, "x"]) == "abc")
    #expect(try image(.anyText, of: "05", seen: [1, 2]) == "05")
    #expect(try image(.anyText, of: "\\x0102", seen: [.blob([1])]) == .blob([1, 2]))
    #expect(try image(.anyText, of: "\\x0102", seen: ["x", "y"]) == "\\x0102")
    #expect(try image(.bytea, of: "ab", seen: ["x"], Reading(nul: .bytea)) == "ab")
    #expect(try image(.bytea, of: "ab", seen: [.blob([1]), .blob([2]), "x"], Reading(nul: .bytea)) == .blob([97, 98]))
  }

  @Test func `in a key there is one spelling`() throws {
    let spelling = try #require(
      Value.text("2024-01-01T00:00").withView { Conversion.spelling(of: $0, as: try! ColumnCodec(.timestamp)) })
    let reading = Reading(spelling: spelling)
    #expect(try image(.timestamp, of: "2024-02-29T08:09", seen: [], reading) == "2024-02-29T08:09")
  }
}
