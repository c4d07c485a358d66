import Model
import SQLite
import TestSupport
import Testing

@Suite struct ValueTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func roundTrip(_ value: Value, encoding: String = "UTF-8") throws -> Value? {
    let path = directory.file("\(RandomID.random()).db")
    let database = try Database(path: path, access: .create)
    try database.execute("PRAGMA encoding = '\(encoding)'; CREATE TABLE t (v)")
    let insert = try database.prepare("INSERT INTO t VALUES (?1)")
    try insert.bind(value, at: 1)
    try insert.run()
    // A second connection: what is compared has been in the file.
    let reader = try Database(path: path, access: .readOnly)
    #expect(try reader.string("SELECT typeof(v) FROM t") == Self.className(of: value))
    return try reader.scalar("SELECT v FROM t")
  }

  private static func className(of value: Value) -> String {
    switch value {
    case .null: "null"
    case .integer: "integer"
    case .real: "real"
    case .text: "text"
    case .blob: "blob"
    }
  }

  /// Case 25.
  @Test(
    arguments: [
      [], [0], [0, 0, 0], Array("a\0b".utf8), [0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      Array("Zoë 🐘 e\u{301}".utf8), [UInt8](repeating: 0x61, count: 100_000),
    ] as [[UInt8]])
  func `text comes back byte for byte, NUL and invalid UTF-8 included`(bytes: [UInt8]) throws {
    #expect(try roundTrip(.text(bytes)) == .text(bytes))
  }

  @Test(arguments: [[], [0], [0xFF, 0, 0xC3], [UInt8](repeating: 0, count: 100_000)] as [[UInt8]])
  func `a blob comes back byte for byte`(bytes: [UInt8]) throws {
    #expect(try roundTrip(.blob(bytes)) == .blob(bytes))
  }

  /// Case 19.
  @Test(arguments: ["UTF-16le", "UTF-16be"], ["", "Zoë 🐘", "e\u{301}"])
  func `text of a UTF-16 database is read as UTF-8`(encoding: String, text: String) throws {
    #expect(try roundTrip(.text(text), encoding: encoding) == .text(text))
  }

  /// Case 25.
  @Test func `no text, no bytes and NULL are three values`() throws {
    #expect(try roundTrip(.text("")) == .text(""))
    #expect(try roundTrip(.blob([])) == .blob([]))
    #expect(try roundTrip(.null) == .null)
  }

  /// Case 24.
  @Test(arguments: [0, 1, -1, .min, .max, 1 << 53 + 1, -(1 << 31) - 1] as [Int64])
  func `integers are exact`(integer: Int64) throws {
    #expect(try roundTrip(.integer(integer)) == .integer(integer))
  }

  /// Case 24.
  @Test(arguments: [
    0.0, -0.0, 0.1 + 0.2, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .infinity, -.infinity,
    .greatestFiniteMagnitude, .pi, 1e15, 9.007199254740993e15,
  ])
  func `reals come back bit for bit`(real: Double) throws {
    #expect(try roundTrip(.real(real)) == .real(real))
  }

  /// Case 24.
  @Test func `random reals come back bit for bit`() throws {
    var random = SeededRandom(seed: 24)
    let database = try Database(path: directory.file("reals.db"), access: .create)
    try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL)")
    var given: [Value] = []
    try database.transaction(.immediate) { database in
      let insert = try database.prepare("INSERT INTO t VALUES (NULL, ?1)")
      while given.count < 2_000 {
        let real = Double(bitPattern: random.next())
        if real.isNaN { continue }
        given.append(.real(real))
        try insert.bind(real, at: 1)
        try insert.run()
      }
    }
    var found: [Value] = []
    try database.forEach("SELECT v FROM t ORDER BY id") { found.append($0.value(0)) }
    #expect(found == given)
  }

  @Test func `SQLite stores a NaN as NULL`() throws {
    let database = try Database(path: directory.file("nan.db"), access: .create)
    #expect(try database.scalar("SELECT ?1", [.real(.nan)]) == .null)
  }

  @Test func `a value goes from one row to another statement untouched`() throws {
    let database = try Database(path: directory.file("bind.db"), access: .create)
    for value in [.null, .integer(.min), .real(-0.0), .text([0xFF, 0]), .text([]), .blob([]), .blob([0])] as [Value] {
      let row = try database.prepare("SELECT ?1")
      try row.bind(value, at: 1)
      #expect(try row.step())
      let other = try database.prepare("SELECT ?1, typeof(?1)")
      try other.bind(column: 0, of: row, at: 1)
      #expect(try other.step())
      #expect(other.value(0) == value)
      #expect(other.string(1) == Self.className(of: value))
    }
  }
}
