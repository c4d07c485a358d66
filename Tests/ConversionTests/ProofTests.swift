import Model
import Schema
import TestSupport
import Testing

@testable import Conversion

/// Conversion with the proof that nothing was lost.
struct ProofTests {
  private func prove(_ value: Value, _ type: TargetType, _ reading: Reading = Reading()) throws -> (
    passage: Passage, field: [UInt8]
  ) {
    let codec = try ColumnCodec(type, reading)
    var buffer = WireBuffer()
    buffer.append(byte: 7)
    let passage = value.withView { Conversion.prove($0, as: codec, to: &buffer) }
    return (passage, Array(buffer.bytes.dropFirst(5)))
  }

  @Test func `what fits is exact, and its field is what append writes`() throws {
    for (value, type) in [
      (Value.integer(7), TargetType.bigint), (.integer(7), .smallint), (.integer(1), .boolean),
      (.text("yes"), .boolean),
      (.real(0.1), .double), (.real(0.5), .real), (.real(1.25), .numeric(nil)), (.text("1.10"), .numeric(nil)),
      (.text("2024-02-29T03:04:05"), .timestamp), (.text("12:30"), .time), (.text("é"), .varchar(3)),
      (.text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), .uuid), (.blob([1]), .bytea), (.blob([1]), .anyText),
      (.text("{ }"), .json), (.text("a"), .char(3)),
    ] {
      let proof = try prove(value, type)
      #expect(proof.passage == .exact, "\(value) as \(type)")
      #expect(try Column(type).field(value) == .success(proof.field), "\(value) as \(type)")
    }
    #expect(try prove(.null, .timestamp).passage == .exact)
  }

  @Test func `jsonb is what PostgreSQL prints of it`() throws {
    let proof = try prove(.text("{\"b\":1,\"a\":[1,2.50]}"), .jsonb)
    #expect(proof.passage == .exact)
    #expect(String(decoding: proof.field, as: UTF8.self) == "{\"a\": [1, 2.50], \"b\": 1}")
  }

  @Test func `what the settings ask to change is told apart from a loss`() throws {
    let stripped = try prove(.text("a\u{0}b"), .text, Reading(nul: .strip))
    #expect(stripped.passage == .stripped && stripped.field == Array("ab".utf8))
    #expect(try prove(.text("ab"), .text, Reading(nul: .strip)).passage == .exact)
    #expect(try prove(.text(""), .date, Reading(empty: .null)).passage == .emptied)
  }

  @Test func `what does not fit appends nothing`() throws {
    for (value, type) in [
      (Value.text("x"), TargetType.bigint), (.text("a\u{0}"), .text), (.integer(2), .boolean), (.real(0.1), .real),
      (.text("{"), .jsonb), (.text("1.234"), .numeric(NumericLimits(precision: 4, scale: 2))),
    ] {
      let proof = try prove(value, type)
      guard case .misfit = proof.passage else {
        Issue.record("\(value) as \(type)")
        continue
      }
      #expect(proof.field.isEmpty)
    }
  }

  @Test(arguments: [UInt64(1), UInt64.random(in: 2 ... .max)])
  func `nothing that fits is lost`(_ seed: UInt64) throws {
    print("proofs: seed \(seed)")
    var random = SeededRandom(seed: seed)
    let types: [TargetType] = [
      .numeric(nil), .timestamp, .timestamptz, .double, .real, .keyText, .anyText, .varchar(40),
    ]
    for _ in 0..<20_000 {
      let number = Int64(bitPattern: random.next()) >> Int64(random.below(63))
      let value: Value = random.pick([
        .integer(number), .real(Double(number) / 1_000), .real(bits: random.next()),
        .text("\(number).\(random.below(99))"),
        .text(
          "20\(10 + random.below(80))-0\(1 + random.below(9))-1\(random.below(9)) 0\(random.below(9)):30:00.\(random.below(999_999))Z"
        ),
      ])
      if case .real(let bits) = value, Double(bitPattern: bits).isNaN { continue }
      let type = random.pick(types)
      let passage = try prove(value, type, Reading(numbers: random.pick(Reading.Numbers.allCases))).passage
      #expect(passage != .lossy, "\(value) as \(type), seed \(seed)")
    }
  }
}
