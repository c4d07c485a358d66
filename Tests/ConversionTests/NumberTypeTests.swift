import Model
import Schema
import Testing

@testable import Conversion

/// Cases 24, 26 and 28.
struct NumberTypeTests {
  @Test func `small integers to their limits`() throws {
    let short = try Column(.smallint)
    let middle = try Column(.integer)
    for value in [-32_768, 32_767, 0] { #expect(try short.field(.integer(Int64(value))).get() == big(Int16(value))) }
    for value in [Int64(Int32.min), Int64(Int32.max), 7] {
      #expect(try middle.field(.integer(value)).get() == big(Int32(value)))
      #expect(middle.roundTrip(.integer(value)) == .integer(value))
    }
    for value in [Int64(32_768), -32_769, .max, .min] {
      #expect(short.misfit(.integer(value)) == .outOfRange(.smallint))
    }
    for value in [Int64(1) << 31, -(1 << 31) - 1, .max] {
      #expect(middle.misfit(.integer(value)) == .outOfRange(.integer))
    }
    for type in [TargetType.smallint, .integer, .bigint] {
      let column = try Column(type)
      #expect(column.misfit(.real(1)) == .storageClass(.real, type))
      #expect(column.misfit(.text("1")) == .storageClass(.text, type))
      #expect(column.misfit(.text("")) == .empty(type))
      #expect(column.misfit(.blob([1])) == .storageClass(.blob, type))
    }
  }

  @Test func `four bytes take the doubles that they hold`() throws {
    let column = try Column(.real)
    for value in [0.0, -0.0, 1.5, -2.25, .infinity, -.infinity, 0x1p-149, Double(Float.greatestFiniteMagnitude)] {
      #expect(column.roundTrip(.real(value)) == .real(value))
    }
    for value in [0.1, 1e-46, 16_777_217] { #expect(column.misfit(.real(value)) == .inexact(.real)) }
    #expect(column.misfit(.real(1e39)) == .outOfRange(.real))
    for value in [Int64(1 << 24), -(1 << 24), 0] { #expect(column.roundTrip(.integer(value)) == .integer(value)) }
    #expect(column.misfit(.integer(1 << 24 + 1)) == .inexact(.real))
  }

  @Test func `a decimal keeps its digits`() throws {
    let column = try Column(.numeric(nil))
    column.expectFit([
      "0", "0.00", "1", "-1", "+1", "1.10", "-0.001", "10000", "0.0001", "12345678901234567890.12345678901234567890",
      "1e5", "1.50e-10", "-2E+07", "1e-05", "9.99e308", "1e10",
    ])
    column.expect(["-0", "-0.00"], .inexact(.numeric(nil)))
    column.expect(
      [
        "abc", "1.", ".5", "007", "00", "1e", "1e+", "10e5", "0e0", "1e005", "1e-0", " 1", "1 ", "1,5", "NaN", "inf",
        "--1",
      ],
      .malformed(.numeric(nil)))
    column.expect(["1e131072", "1e99999999999999999999"], .outOfRange(.numeric(nil)))
    column.expect(["1e-16384"], .outOfRange(.numeric(nil)))
    #expect(column.misfit(.text("")) == .empty(.numeric(nil)))
    // 1234567.89 in groups of four digits.
    #expect(
      try column.field(.text("-1234567.890")).get()
        == big(UInt16(3)) + big(UInt16(1)) + big(UInt16(0x4000)) + big(UInt16(3))
        + [123, 4567, 8900].flatMap {
          big(UInt16($0))
        })
  }

  @Test func `a decimal takes numbers`() throws {
    let column = try Column(.numeric(nil))
    for value in [Int64.min, .max, 0, 1, -1, 10_000, 100_000_000, 99_999_999] as [Int64] {
      #expect(column.roundTrip(.integer(value)) == .integer(value))
    }
    for value in [0.0, 1.0, 0.1, 0.1 + 0.2, 1e-10, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e22, -123.456] {
      #expect(column.roundTrip(.real(value)) == .real(value))
    }
    #expect(column.misfit(.real(-0.0)) == .inexact(.numeric(nil)))
    #expect(column.misfit(.real(.infinity)) == .outOfRange(.numeric(nil)))
    #expect(column.misfit(.real(.nan)) == .outOfRange(.numeric(nil)))
    #expect(column.misfit(.blob([0])) == .storageClass(.blob, .numeric(nil)))
  }

  @Test func `limits never round`() throws {
    let limits = try #require(NumericLimits(precision: 5, scale: 2))
    let type = TargetType.numeric(limits)
    let column = try Column(type)
    column.expectFit(["1", "1.1", "1.10", "999.99", "-999.99", "1e2", "1.5e-1"])
    column.expect(["1.100", "0.001"], .inexact(type))
    column.expect(["1000", "1e3"], .outOfRange(type))
    for value in [Int64(999), -999, 0] { #expect(column.roundTrip(.integer(value)) == .integer(value)) }
    #expect(column.misfit(.integer(1000)) == .outOfRange(type))
    for value in [1.1, 999.99, 5, 0] { #expect(column.roundTrip(.real(value)) == .real(value)) }
    #expect(column.misfit(.real(1.111)) == .inexact(type))
    #expect(column.misfit(.real(0.1 + 0.2)) == .inexact(type))
    #expect(column.misfit(.real(1e3)) == .outOfRange(type))
    // The wire shows the scale of the type.
    #expect(try column.field(.integer(1)).get() == [0, 1, 0, 0, 0, 0, 0, 2, 0, 1])
  }

  @Test func `a number beside the source's is not written as the source's`() throws {
    let column = try Column(.numeric(nil))
    let field = try #require(try column.field(.text("0.1000000000000000055511151231257827")).get())
    #expect(column.decode(field, .real) == nil)
    #expect(column.decode(field, .integer) == nil)
    let nan: [UInt8] = [0, 0, 0, 0, 0xC0, 0, 0, 0]
    for spelling in [Spelling.text, .real, .integer, .blob, .null] { #expect(column.decode(nan, spelling) == nil) }
  }
}
