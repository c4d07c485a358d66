import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct QueryTests {
  @Test func `runs several statements at once`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8); INSERT INTO t VALUES (1), (2)")
    let result = try connection.query("SELECT sum(a)::int8, count(*) FROM t")
    #expect(try result.int64(0, 0) == 3)
    #expect(try result.int64(0, 1) == 2)
  }

  @Test func `counts the rows that a statement touched`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8)")
    #expect(try connection.query("INSERT INTO t SELECT generate_series(1, 7)").affectedRows == 7)
    #expect(try connection.query("DELETE FROM t WHERE a > 4").affectedRows == 3)
    #expect(try connection.query("SELECT * FROM t").affectedRows == 4)
    #expect(try connection.query("BEGIN").affectedRows == 0)
  }

  @Test func `names columns and their types`() throws {
    var connection = try TestServer.connect()
    let result = try connection.query("SELECT 1::int8 AS a, 'x'::text AS \"B c\" WHERE false")
    #expect(result.rowCount == 0)
    #expect(result.columnCount == 2)
    #expect(result.columnName(1) == "B c")
    #expect(result.columnType(0) == .int8)
    #expect(result.column(named: "B c") == 1)
    #expect(result.column(named: "b") == nil)
    #expect(result.columnName(9) == "")
  }

  @Test func `throws for a value of another type, a NULL and a cell that is not there`() throws {
    var connection = try TestServer.connect()
    let result = try connection.query("SELECT 'x'::text, NULL::int8, 1::int8, 3000000000::int8, '\\xff'::bytea")
    #expect(postgresError { _ = try result.int64(0, 0) }?.isUnexpectedResult == true)
    #expect(postgresError { _ = try result.int64(0, 1) }?.isUnexpectedResult == true)
    #expect(try result.int64OrNil(0, 1) == nil)
    #expect(try result.int64OrNil(0, 2) == 1)
    #expect(postgresError { _ = try result.int32(0, 3) }?.isUnexpectedResult == true)
    #expect(postgresError { _ = try result.string(0, 4) }?.isUnexpectedResult == true)
    #expect(postgresError { _ = try result.int64OrNil(1, 1) }?.isUnexpectedResult == true)
    #expect(postgresError { _ = try result.string(0, -1) }?.isUnexpectedResult == true)
    #expect(result.isNull(5, 5) == true)
    #expect(result.withBytes(0, 1) { $0.count } == nil)
    #expect(result.withBytes(0, 4) { Array($0) } == [0xFF])
  }

  @Test func `a refused statement leaves the connection usable`() throws {
    var connection = try TestServer.connect()
    let error = postgresError { try connection.execute("SELECT 1; SELECT * FROM no_such_table; SELECT 2") }
    #expect(error?.sqlState == "42P01")
    #expect(error?.isTransient == false)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `knows where the transaction stands`() throws {
    var connection = try TestServer.connect()
    func status(_ connection: borrowing Connection) -> TransactionStatus { connection.transactionStatus }
    #expect(status(connection) == .idle)
    try connection.execute("BEGIN")
    #expect(status(connection) == .inTransaction)
    _ = postgresError { try connection.execute("SELECT 1/0") }
    #expect(status(connection) == .inFailedTransaction)
    try connection.execute("ROLLBACK")
    #expect(status(connection) == .idle)
  }

  @Test func `refuses a NUL in a statement`() throws {
    var connection = try TestServer.connect()
    #expect(postgresError { try connection.execute("SELECT 1\0; DROP TABLE t") }?.isMisuse == true)
    #expect(postgresError { try connection.query("SELECT 1\0") }?.isMisuse == true)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a COPY among plain statements is refused and left`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8)")
    #expect(postgresError { try connection.execute("COPY t FROM STDIN; SELECT 1") }?.isMisuse == true)
    #expect(postgresError { try connection.execute("COPY (SELECT generate_series(1, 9)) TO STDOUT") }?.isMisuse == true)
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `a large result arrives whole`() throws {
    var connection = try TestServer.connect()
    let result = try connection.query("SELECT a::int8, repeat('x', 100) FROM generate_series(1, 100000) a")
    #expect(result.rowCount == 100_000)
    #expect(try result.int64(99_999, 0) == 100_000)
  }

  @Test func `notices of the server are not printed and break nothing`() throws {
    var connection = try TestServer.connect()
    try connection.execute("DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE NOTICE 'number %', i; END LOOP; END $$")
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }
}
