import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct ParameterTests {
  /// The one value that the server gives back for the one parameter.
  private func echo(
    _ type: OID, _ append: (inout Parameters) -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> QueryResult {
    var connection = try TestServer.connect()
    var parameters = Parameters()
    append(&parameters)
    let result = try connection.query("SELECT $1", parameters)
    #expect(result.columnType(0) == type, sourceLocation: sourceLocation)
    return result
  }

  @Test(arguments: [.min, -1, 0, 1, 1 << 53 + 1, .max] as [Int64])
  func `an int8 returns as it went`(_ value: Int64) throws {
    #expect(try echo(.int8) { $0.append(int64: value) }.int64(0, 0) == value)
  }

  @Test func `smaller integers return as they went`() throws {
    #expect(try echo(.int4) { $0.append(int32: .min) }.int64(0, 0) == Int64(Int32.min))
    #expect(try echo(.int4) { $0.append(int32: .max) }.int32(0, 0) == Int32.max)
    #expect(try echo(.int2) { $0.append(int16: .min) }.int64(0, 0) == Int64(Int16.min))
    #expect(
      try echo(.oid) { row in bytes(of: UInt32.max).withUnsafeBytes { row.append(raw: $0, oid: .oid) } }.int64(0, 0)
        == Int64(UInt32.max))
  }

  @Test(arguments: [
    0.0, -0.0, 1.5, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity,
    0.1,
  ])
  func `a double returns with the same bits`(_ value: Double) throws {
    #expect(try echo(.float8) { $0.append(double: value) }.double(0, 0).bitPattern == value.bitPattern)
  }

  @Test(arguments: [0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001] as [UInt64])
  func `a NaN keeps its payload`(_ bits: UInt64) throws {
    let result = try echo(.float8) { $0.append(doubleBits: bits) }
    #expect(result.withBytes(0, 0) { Array($0) } == bytes(of: bits))
  }

  @Test(arguments: ["", "x", "ä€😀", "a\r\n\t\"'\\", "e\u{301}", String(repeating: "long ", count: 100_000)])
  func `text returns as it went`(_ value: String) throws {
    let result = try echo(.text) { $0.append(text: value) }
    #expect(try Array(result.string(0, 0).utf8) == Array(value.utf8))
    #expect(result.isNull(0, 0) == false)
  }

  @Test func `bytea keeps every byte`() throws {
    let all = Array((0...255).map { UInt8($0) })
    #expect(try echo(.bytea) { $0.append(bytea: all) }.bytes(copying: 0, 0) == all)
    #expect(try echo(.bytea) { $0.append(bytea: []) }.bytes(copying: 0, 0) == [])
  }

  @Test func `booleans, uuids and instants return as they went`() throws {
    #expect(try echo(.bool) { $0.append(bool: true) }.bool(0, 0) == true)
    #expect(try echo(.bool) { $0.append(bool: false) }.bool(0, 0) == false)
    let id = RandomID.random()
    let result = try echo(.uuid) { $0.append(uuid: id) }
    #expect(try result.uuid(0, 0) == id)
    let instant = Instant(microseconds: 1_700_000_000_123_456)
    #expect(try echo(.timestamptz) { $0.append(instant: instant) }.instant(0, 0) == instant)
  }

  @Test func `a uuid and an instant mean to the server what they mean here`() throws {
    var connection = try TestServer.connect()
    var parameters = Parameters()
    let id = RandomID.random()
    parameters.append(uuid: id)
    parameters.append(instant: Instant(microseconds: 1_500_000))
    let result = try connection.query("SELECT $1::text, extract(epoch FROM $2)::float8", parameters)
    #expect(try result.string(0, 0) == id.description)
    #expect(try result.double(0, 1) == 1.5)
    let infinite = try connection.query("SELECT 'infinity'::timestamptz, '-infinity'::timestamptz")
    #expect(postgresError { _ = try infinite.instant(0, 0) }?.isUnexpectedResult == true)
    #expect(postgresError { _ = try infinite.instant(0, 1) }?.isUnexpectedResult == true)
  }

  @Test(arguments: [OID.bool, .int8, .float8, .text, .bytea, .uuid, .timestamptz])
  func `a NULL of every type is a NULL`(_ type: OID) throws {
    #expect(try echo(type) { $0.append(null: type) }.isNull(0, 0) == true)
  }

  @Test func `parameters are reused between statements`() throws {
    var connection = try TestServer.connect()
    var parameters = Parameters(capacity: 16)
    for number in 0..<50 {
      parameters.removeAll()
      parameters.append(text: String(repeating: "x", count: number * 10))
      parameters.append(int64: Int64(number))
      parameters.append(null: .bytea)
      let result = try connection.query("SELECT length($1)::int8 - 10 * $2, $3 IS NULL", parameters)
      #expect(try result.int64(0, 0) == 0)
      #expect(try result.bool(0, 1))
    }
  }

  @Test func `invalid text is refused with its SQLSTATE and without the value`() throws {
    var connection = try TestServer.connect()
    var parameters = Parameters()
    Array("swordfish\u{0}".utf8).withUnsafeBytes { parameters.append(text: $0) }
    let error = postgresError { try connection.query("SELECT $1", parameters) }
    #expect(error?.sqlState == "22021")
    #expect(error.map { "\($0)" }?.contains("swordfish") == false)
  }

  /// Most significant byte first.
  private func bytes<I: FixedWidthInteger>(of value: I) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
  }
}
