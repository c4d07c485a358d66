import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct ArrayTests {
  /// The array's elements as rows, as the server unpacks them.
  private func unnest(_ array: borrowing BinaryArray) throws -> QueryResult {
    var connection = try TestServer.connect()
    var parameters = Parameters()
    parameters.append(array: array)
    return try connection.query("SELECT e FROM unnest($1) WITH ORDINALITY AS u (e, n) ORDER BY n", parameters)
  }

  @Test func `an int8 array keeps its limits and NULLs`() throws {
    var array = BinaryArray(elementOID: .int8)
    array.append(int64: .min)
    array.appendNull()
    array.append(int64: .max)
    let result = try unnest(array)
    #expect(result.rowCount == 3)
    #expect(try result.int64(0, 0) == .min)
    #expect(result.isNull(1, 0) == true)
    #expect(try result.int64(2, 0) == .max)
  }

  @Test func `a float8 array keeps every bit`() throws {
    var array = BinaryArray(elementOID: .float8)
    let values = [-0.0, .leastNonzeroMagnitude, .infinity, 0.1]
    for value in values { array.append(double: value) }
    array.appendNull()
    let result = try unnest(array)
    for (row, value) in values.enumerated() { #expect(try result.double(row, 0).bitPattern == value.bitPattern) }
    #expect(result.isNull(4, 0) == true)
  }

  @Test func `text and bytea arrays tell NULL from empty`() throws {
    var texts = BinaryArray(elementOID: .text)
    texts.append(text: "")
    texts.appendNull()
    texts.append(text: "NULL")
    texts.append(text: "{\"a\",b}")
    let result = try unnest(texts)
    #expect(try result.string(0, 0) == "")
    #expect(result.isNull(1, 0) == true)
    #expect(try result.string(2, 0) == "NULL")
    #expect(try result.string(3, 0) == "{\"a\",b}")

    var blobs = BinaryArray(elementOID: .bytea)
    blobs.append(bytes: [])
    blobs.appendNull()
    blobs.append(bytes: Array((0...255).map { UInt8($0) }))
    let bytes = try unnest(blobs)
    #expect(try bytes.bytes(copying: 0, 0) == [])
    #expect(bytes.isNull(1, 0) == true)
    #expect(try bytes.bytes(copying: 2, 0).count == 256)
  }

  @Test func `boolean and uuid arrays return as they went`() throws {
    var flags = BinaryArray(elementOID: .bool)
    flags.append(bool: true)
    flags.append(bool: false)
    let result = try unnest(flags)
    #expect(try result.bool(0, 0) == true)
    #expect(try result.bool(1, 0) == false)

    var ids = BinaryArray(elementOID: .uuid)
    let id = RandomID.random()
    ids.append(uuid: id)
    let read = try unnest(ids)
    #expect(try read.uuid(0, 0) == id)
  }

  @Test func `an empty array is an array, and the builder is reused`() throws {
    var connection = try TestServer.connect()
    var array = BinaryArray(elementOID: .int8)
    array.appendNull()
    array.removeAll()
    #expect(array.byteCount == 12)
    var parameters = Parameters()
    parameters.append(array: array)
    array.append(int64: 7)
    #expect(array.byteCount == 32)
    parameters.append(array: array)
    let result = try connection.query("SELECT $1 = '{}'::int8[], $2 = '{7}'::int8[]", parameters)
    #expect(try result.bool(0, 0))
    #expect(try result.bool(0, 1))
  }

  @Test func `an array of another type is given its own number`() throws {
    var connection = try TestServer.connect()
    var array = BinaryArray(elementOID: OID(600))
    array.appendNull()
    var parameters = Parameters()
    parameters.append(array: array, oid: OID(1017))
    #expect(try connection.query("SELECT $1::text", parameters).string(0, 0) == "{NULL}")
  }
}
