import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct CopyTests {
  private struct Refused: Error {}

  private static let table = "CREATE TEMP TABLE t (a int8 PRIMARY KEY, b text, c float8)"
  private static let copy = "COPY t (a, b, c) FROM STDIN (FORMAT binary)"

  private func header(_ buffer: inout WireBuffer) {
    buffer.append(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00])
    buffer.append(bigEndian: Int32(0))
    buffer.append(bigEndian: Int32(0))
  }

  private func row(_ key: Int64, _ text: String, _ buffer: inout WireBuffer) {
    buffer.append(bigEndian: Int16(3))
    buffer.append(bigEndian: Int32(8))
    buffer.append(bigEndian: key)
    buffer.append(bigEndian: Int32(text.utf8.count))
    buffer.append(utf8: text)
    buffer.append(bigEndian: Int32(-1))
  }

  private func send(_ rows: Int, into connection: inout Connection, key: (Int) -> Int64) throws -> Int {
    try connection.copyIn(Self.copy)
    var buffer = WireBuffer()
    header(&buffer)
    for number in 0..<rows {
      row(key(number), "row \(number) ä", &buffer)
      if buffer.count > 60_000 {
        try connection.putCopy(buffer.bytes)
        buffer.removeAll()
      }
    }
    buffer.append(bigEndian: Int16(-1))
    try connection.putCopy(buffer.bytes)
    return try connection.endCopy()
  }

  @Test func `copies a hundred thousand rows in`() throws {
    var connection = try TestServer.connect()
    try connection.execute(Self.table)
    let count = try send(100_000, into: &connection) { Int64($0) }
    #expect(count == 100_000)
    let result = try connection.query("SELECT count(*), sum(a)::int8, count(c), min(b) FROM t")
    #expect(try result.int64(0, 0) == 100_000)
    #expect(try result.int64(0, 1) == 4_999_950_000)
    #expect(try result.int64(0, 2) == 0)
    #expect(try result.string(0, 3) == "row 0 ä")
  }

  @Test func `reports a failing copy with its SQLSTATE and row`() throws {
    var connection = try TestServer.connect()
    try connection.execute(Self.table)
    let error = postgresError { _ = try send(100_000, into: &connection) { $0 == 10 ? 1 : Int64($0) } }
    #expect(error?.server?.sqlState == "23505")
    #expect(error?.server?.constraint == "t_pkey")
    #expect(error?.server?.copyRow == 11)
    #expect(error?.server?.detail?.contains("(a)=(1)") == true)
    #expect(error.map { "\($0)" }?.contains("(1)") == false)
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `reports a copy that cannot begin`() throws {
    var connection = try TestServer.connect()
    #expect(postgresError { try connection.copyIn("COPY no_such FROM STDIN") }?.sqlState == "42P01")
    #expect(postgresError { try connection.copyIn("SELECT 1") }?.isMisuse == true)
    #expect(postgresError { try connection.copyIn("COPY (SELECT 1) TO STDOUT") }?.isMisuse == true)
    #expect(postgresError { _ = try connection.copyOut("SELECT 1") { _ in } }?.isMisuse == true)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `refuses other statements during a copy and goes on`() throws {
    var connection = try TestServer.connect()
    try connection.execute(Self.table)
    #expect(postgresError { _ = try connection.endCopy() }?.isMisuse == true)
    try connection.copyIn(Self.copy)
    #expect(postgresError { try connection.execute("SELECT 1") }?.isMisuse == true)
    #expect(postgresError { _ = try connection.pipeline { _ in } }?.isMisuse == true)
    var buffer = WireBuffer()
    header(&buffer)
    row(1, "", &buffer)
    buffer.append(bigEndian: Int16(-1))
    try connection.putCopy(buffer.bytes)
    #expect(try connection.endCopy() == 1)
  }

  @Test func `a copy that is made to fail leaves no row`() throws {
    var connection = try TestServer.connect()
    try connection.execute(Self.table)
    try connection.copyIn(Self.copy)
    var buffer = WireBuffer()
    header(&buffer)
    for number in 0..<1000 { row(Int64(number), "x", &buffer) }
    try connection.putCopy(buffer.bytes)
    try connection.failCopy("a test asked for it")
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `copies rows out`() throws {
    var connection = try TestServer.connect()
    var stream: [UInt8] = []
    var pieces = 0
    let count = try connection.copyOut("COPY (SELECT generate_series(1, 100000)::int8) TO STDOUT (FORMAT binary)") {
      stream.append(contentsOf: $0)
      pieces += 1
    }
    #expect(count == 100_000)
    #expect(pieces == 100_001)
    #expect(stream.count == 19 + 100_000 * 14 + 2)
    #expect(stream.suffix(6) == [0x00, 0x01, 0x86, 0xA0, 0xFF, 0xFF])
  }

  @Test func `a closure that throws ends the copy out`() throws {
    var connection = try TestServer.connect()
    var pieces = 0
    #expect(throws: Refused.self) {
      try connection.copyOut("COPY (SELECT generate_series(1, 10000000)) TO STDOUT") { _ in
        pieces += 1
        if pieces == 10 { throw Refused() }
      }
    }
    #expect(pieces == 10)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a copy out that fails half-way is reported`() throws {
    var connection = try TestServer.connect()
    var pieces = 0
    let error = postgresError {
      try connection.copyOut("COPY (SELECT 1 / (1000 - a) FROM generate_series(1, 2000) a) TO STDOUT") { _ in
        pieces += 1
      }
    }
    #expect(error?.sqlState == "22012")
    #expect(pieces == 999)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }
}
