import Model
import Schema
import Testing

@testable import Conversion

/// Cases 25, 26, 27 and 29.
struct TextTypeTests {
  @Test func `booleans are 0, 1 and the words`() throws {
    let column = try Column(.boolean)
    column.expectFit([
      "t", "f", "T", "F", "true", "FALSE", "True", "yes", "NO", "Yes", "y", "N", "on", "Off", "OFF", "1", "0",
    ])
    column.expect(["tRUE", "yEs", "tru", "2", "x", "trueish", "oN", " t"], .malformed(.boolean))
    #expect(try column.field(.integer(1)).get() == [1])
    #expect(try column.field(.integer(0)).get() == [0])
    #expect(try column.field(.text("off")).get() == [0])
    #expect(column.misfit(.integer(2)) == .outOfRange(.boolean))
    #expect(column.misfit(.integer(-1)) == .outOfRange(.boolean))
    #expect(column.misfit(.real(1)) == .storageClass(.real, .boolean))
    #expect(column.misfit(.text("")) == .empty(.boolean))
    #expect(try Column(.boolean, Reading(empty: .null)).field(.text("")).get() == nil)
    #expect(column.roundTrip(.integer(1)) == .integer(1))
    #expect(column.decode([2], .integer) == nil)
  }

  @Test func `UUIDs with or without dashes, braces and capitals`() throws {
    let column = try Column(.uuid)
    column.expectFit([
      "00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBCCDDEEFF",
      "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}",
      "{00112233445566778899AABBCCDDEEFF}", "00112233-4455-6677-8899-001122334455",
    ])
    column.expect(
      [
        "00112233-4455-6677-8899-aabbccddeeFF", "00112233-4455-6677-8899-aabbccddeef", "x",
        "0011223-34455-6677-8899-aabbccddeeff", "00112233--455-6677-8899-aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899_aabbccddeeff",
        "00112233-4455-6677-8899aaabbccddeeff", "{}", "-----00112233445566778899aabbccddeeff",
      ], .malformed(.uuid))
    let bytes = (0..<16).map { UInt8($0) }
    #expect(try column.field(.blob(bytes)).get() == bytes)
    #expect(column.roundTrip(.blob(bytes)) == .blob(bytes))
    #expect(column.misfit(.blob([1])) == .malformed(.uuid))
    #expect(column.misfit(.integer(5)) == .storageClass(.integer, .uuid))
  }

  @Test func `texts to their length in characters`() throws {
    let column = try Column(.varchar(3))
    column.expectFit(["", "abc", "漢字漢", "🚚🚚🚚", "a  "])
    column.expect(["abcd", "漢字漢字"], .tooLong(.varchar(3)))
    let padded = try Column(.char(3))
    padded.expectFit(["", "a", "abc", " a"])
    padded.expect(["abcd", "abc "], .tooLong(.char(3)))
    padded.expect(["a ", " "], .inexact(.char(3)))
    // As the server sends it.
    #expect(padded.decode(Array("a  ".utf8), .text) == .text("a"))
    for type in [TargetType.citext, .enumeration] { try Column(type).expectFit(["", "Label", "é"]) }
  }

  @Test func `NUL fails, goes, or makes bytes of text`() throws {
    #expect(try Column(.text).misfit(.text([0x61, 0])) == .nul)
    let stripping = try Column(.text, Reading(nul: .strip))
    #expect(try stripping.field(.text([0, 0x61, 0, 0x62])).get() == Array("ab".utf8))
    #expect(try stripping.field(.text([0xC3, 0, 0xA9])).get() == [0xC3, 0xA9])
    #expect(stripping.misfit(.text([0, 0xFF])) == .invalidUTF8)
    let bytes = try Column(.bytea, Reading(nul: .bytea))
    for value in [Value.text([0x61, 0, 0xFF]), .text(""), .blob([0]), .blob([])] {
      #expect(bytes.roundTrip(value) == value)
    }
    #expect(try Column(.bytea).misfit(.text("a")) == .storageClass(.text, .bytea))
  }

  @Test func `numbers and blobs beside text come back`() throws {
    let all = (UInt8.min...UInt8.max).map { $0 }
    for value in [
      Value.integer(.min), .real(0.1), .real(-0.0), .real(.infinity), .blob(all), .blob([]), .text("\\x00"),
    ] {
      #expect(try Column(.anyText).roundTrip(value) == value)
    }
    for value in [Value.integer(5), .text("5"), .real(5)] { #expect(try Column(.keyText).roundTrip(value) == value) }
  }

  @Test func `an empty text is no value, or NULL`() throws {
    for type in [TargetType.numeric(nil), .date, .time, .timestamp, .timestamptz, .uuid, .json, .jsonb, .real] {
      #expect(try Column(type).misfit(.text("")) == .empty(type))
      let column = try Column(type, Reading(empty: .null))
      #expect(try column.field(.text("")).get() == nil)
      #expect(column.spelling(.text("")) == .text)
    }
    #expect(try Column(.text, Reading(empty: .null)).field(.text("")).get() == [])
  }

  @Test func `a key takes one spelling`() throws {
    func check(_ type: TargetType, _ one: Value, same: [Value], other: [Value]) throws {
      let spelling = try #require(try Column(type).spelling(one))
      let column = try Column(type, Reading(spelling: spelling))
      for value in [one] + same { #expect(column.roundTrip(value) == value, "\(type) \(value)") }
      for value in other { #expect(column.misfit(value) == .spelling(type), "\(type) \(value)") }
      #expect(try column.field(.null).get() == nil)
    }
    try check(.double, .real(1), same: [.real(-0.0)], other: [.integer(1)])
    try check(.numeric(nil), .text("1.10"), same: [.text("-2.00")], other: [.text("1.1"), .real(1.5), .text("1e0")])
    try check(
      .uuid, .text("00112233-4455-6677-8899-AABBCCDDEEFF"), same: [.text("00112233-4455-6677-8899-001122334455")],
      other: [.text("00112233-4455-6677-8899-aabbccddeeff"), .blob([UInt8](repeating: 0, count: 16))])
    try check(
      .timestamp, .text("2024-01-02 08:00:00"), same: [.text("1999-12-31 23:59:59")],
      other: [.text("2024-01-02T08:00:00"), .text("2024-01-02 08:00:00.0"), .text("2024-01-02")])
    try check(.boolean, .text("true"), same: [.text("false")], other: [.text("TRUE"), .integer(1)])
    let bytea = Column(try ColumnCodec(.bytea, Reading(nul: .bytea, spelling: .blob)))
    #expect(bytea.misfit(.text("a")) == .spelling(.bytea))
    let stripping = Column(try ColumnCodec(.text, Reading(nul: .strip, spelling: .text)))
    #expect(stripping.misfit(.text([0x61, 0])) == .spelling(.text))
  }
}
