import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Values arrive bit for bit; case 24. Read back in binary.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct ValueTests {
  private let reals = table("reals", [id, column("r", "REAL")])

  /// Random bits, among them every exponent, denormals and infinities; SQLite stores no NaN.
  private static func doubles(_ count: Int, seed: UInt64) -> [UInt64] {
    var random = SeededRandom(seed: seed)
    var bits: [UInt64] = [
      0.0, -0.0, 0.1 + 0.2, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
      .greatestFiniteMagnitude,
      .leastNormalMagnitude, 1, -1, 1e16, 0x1p53,
    ].map(\.bitPattern)
    while bits.count < count {
      let next = random.next()
      if !Double(bitPattern: next).isNaN { bits.append(next) }
    }
    return bits
  }

  private func expectDoubles(_ bits: [UInt64], in target: Target) throws {
    let result = try target.connection.query("SELECT r FROM \(target.name(reals)) ORDER BY id")
    #expect(result.rowCount == bits.count)
    var wrong = 0
    for row in 0..<min(result.rowCount, bits.count) where try result.double(row, 0).bitPattern != bits[row] {
      wrong += 1
    }
    #expect(wrong == 0)
  }

  private func write(_ target: Target, _ bits: ArraySlice<UInt64>) throws {
    try target.apply(
      target.write(1) { _, encoder in
        try encoder.declare(reals.journal)
        for index in bits.indices {
          encoder.beginUpsert(reals.id)
          encoder.integer(Int64(index))
          encoder.real(bits: bits[index])
        }
      })
  }

  @Test func `100,000 doubles in small groups`() throws {
    let target = try Target(reals)
    let bits = Self.doubles(100_000, seed: 24)
    for start in stride(from: 0, to: bits.count, by: 4_999) {
      try write(target, bits[start..<min(start + 4_999, bits.count)])
    }
    try expectDoubles(bits, in: target)
  }

  @Test func `100,000 doubles in one large group`() throws {
    let target = try Target(reals)
    let bits = Self.doubles(100_000, seed: 25)
    try write(target, bits[...])
    try expectDoubles(bits, in: target)
  }

  @Test(arguments: Route.allCases)
  func `integers to their limits`(_ route: Route) throws {
    let integers = table("integers", [id, column("i", "INT")])
    let target = try Target(integers)
    let values = [Int64.min, .min + 1, -1, 0, 1, 1 << 53, 1 << 53 + 1, .max - 1, .max]
    let images = values.map { [Value.integer($0), .integer($0)] }
    try target.apply(images.map { .upsert(integers, $0) }, by: route)
    #expect(try target.rows(integers) == images)
    try target.apply(images.map { .delete(integers, [$0[0]]) }, by: route)
    #expect(try target.rows(integers).isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `every byte in a BLOB and every kind of character in TEXT`(_ route: Route) throws {
    let mixed = table("mixed", [id, column("b", "BLOB"), column("t", "TEXT"), column("m")])
    let target = try Target(mixed, holding: ["m": [.text, .blob, .integer, .real]])
    let bytes = (UInt8.min...UInt8.max).map { $0 }
    var images: [[Value]] = [
      [.integer(0), .blob(bytes), .text(""), .null], [.integer(1), .blob([]), .null, .text("")],
      [.integer(2), .blob(Array(repeating: bytes, count: 1_000).flatMap { $0 }), .null, .null],
    ]
    for byte in bytes { images.append([.integer(Int64(images.count)), .blob([byte]), .null, .null]) }
    // Every scalar's neighbourhood: the last of a length, the first of the next, around the surrogates, the last of all.
    var text = ""
    for value in [1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF] as [UInt32] {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    images.append([.integer(Int64(images.count)), .null, .text(text), .text(text)])
    images.append([.integer(Int64(images.count)), .null, .text("\\N\t\r\n'\"\\x41 e\u{301} é"), .text("\\x41")])
    try target.apply(images.map { .upsert(mixed, $0) }, by: route)
    #expect(try target.rows(mixed) == images)
    #expect(try target.quarantine().isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `values of several classes in one column`(_ route: Route) throws {
    let mixed = table("mixed", [id, column("m")])
    let target = try Target(mixed, holding: ["m": [.text, .integer]])
    let values: [Value] = [
      .integer(5), .text("5"), .real(0.1), .real(-0.0), .real(.infinity), .blob([0, 255]), .blob([]), .null,
      .integer(.min),
    ]
    try target.apply(values.enumerated().map { .upsert(mixed, [.integer(Int64($0)), $1]) }, by: route)
    #expect(
      try target.rows(mixed).map { $0[1] } == [
        .text("5"), .text("5"), .text("0.1"), .text("-0.0"), .text("inf"), .text("\\x00ff"), .text("\\x"), .null,
        .text("-9223372036854775808"),
      ])
  }

  @Test func `a megabyte in one value`() throws {
    let blobs = table("blobs", [id, column("b", "BLOB")])
    let target = try Target(blobs)
    var random = SeededRandom(seed: 3)
    let bytes = (0..<1 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    try target.apply([.upsert(blobs, [.one, .blob(bytes)])], by: .small)
    try target.apply([.upsert(blobs, [.two, .blob(bytes)])], by: .staged)
    #expect(try target.rows(blobs) == [[.one, .blob(bytes)], [.two, .blob(bytes)]])
  }
}
