import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct PipelineTests {
  private struct Refused: Error {}

  @Test func `gives every statement's result in its order`() throws {
    var connection = try TestServer.connect()
    var row = Parameters()
    let results = try connection.pipeline { pipeline in
      try pipeline.add("CREATE TEMP TABLE t (a int8 PRIMARY KEY, b text)")
      for number in 0..<1000 {
        row.removeAll()
        row.append(int64: Int64(number))
        row.append(text: "row \(number)")
        #expect(try pipeline.add("INSERT INTO t VALUES ($1, $2)", row) == number + 1)
      }
      try pipeline.add("SELECT count(*), max(b) FROM t")
    }
    #expect(results.count == 1002)
    #expect(results[500].affectedRows == 1)
    #expect(try results[1001].int64(0, 0) == 1000)
    #expect(try results[1001].string(0, 1) == "row 999")
  }

  @Test func `the same text with other types is parsed again`() throws {
    var connection = try TestServer.connect()
    var number = Parameters()
    number.append(int64: 5)
    var text = Parameters()
    text.append(text: "five")
    let results = try connection.pipeline { pipeline in
      try pipeline.add("SELECT $1", number)
      try pipeline.add("SELECT $1", text)
      try pipeline.add("SELECT $1", number)
      try pipeline.add("SELECT 1")
      try pipeline.add("SELECT 1")
      try pipeline.add("SELECT $1", number)
    }
    #expect(try results[0].int64(0, 0) == 5)
    #expect(try results[1].string(0, 0) == "five")
    #expect(try results[2].int64(0, 0) == 5)
    #expect(try results[4].int64(0, 0) == 1)
    #expect(try results[5].int64(0, 0) == 5)
  }

  @Test func `an empty pipeline gives no result`() throws {
    var connection = try TestServer.connect()
    let count = try connection.pipeline { _ in }.count
    #expect(count == 0)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `an error in the middle names its statement and undoes the others`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8 PRIMARY KEY)")
    let error = postgresError {
      _ = try connection.pipeline { pipeline in
        try pipeline.add("INSERT INTO t VALUES (1)")
        try pipeline.add("INSERT INTO t VALUES (2)")
        try pipeline.add("INSERT INTO t VALUES (1)")
        try pipeline.add("INSERT INTO t VALUES (3)")
      }
    }
    #expect(error?.server?.sqlState == "23505")
    #expect(error?.server?.statement == 2)
    #expect(error?.server?.constraint == "t_pkey")
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
    #expect(try connection.pipeline { try $0.add("SELECT 5") }[0].int64(0, 0) == 5)
  }

  @Test func `an error inside a transaction leaves it failed`() throws {
    var connection = try TestServer.connect()
    let error = postgresError {
      _ = try connection.pipeline { pipeline in
        try pipeline.add("BEGIN")
        try pipeline.add("SELECT 1/0")
        try pipeline.add("COMMIT")
      }
    }
    #expect(error?.sqlState == "22012")
    #expect(error?.server?.statement == 1)
    let status = connection.transactionStatus
    #expect(status == .inFailedTransaction)
    try connection.execute("ROLLBACK")
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a closure that throws undoes what was sent`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a bytea)")
    var row = Parameters()
    row.append(bytea: Array(repeating: 7, count: 1_000_000))
    #expect(throws: Refused.self) {
      _ = try connection.pipeline { pipeline in
        for _ in 0..<5 { try pipeline.add("INSERT INTO t VALUES ($1)", row) }
        throw Refused()
      }
    }
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `fifty megabytes both ways do not deadlock`() throws {
    var connection = try TestServer.connect()
    var row = Parameters()
    let megabyte = Array(repeating: UInt8(0xA5), count: 1_000_000)
    let results = try connection.pipeline { pipeline in
      for number in 0..<50 {
        row.removeAll()
        row.append(bytea: megabyte)
        row.append(int64: Int64(number))
        try pipeline.add("SELECT $1, $2", row)
      }
    }
    #expect(results.count == 50)
    for number in 0..<50 {
      #expect(try results[number].int64(0, 1) == Int64(number))
      #expect(results[number].withBytes(0, 0) { $0.elementsEqual(megabyte) } == true)
    }
  }

  @Test func `a hundred thousand small statements go through`() throws {
    var connection = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a int8 PRIMARY KEY, b float8)")
    var row = Parameters()
    let results = try connection.pipeline { pipeline in
      for number in 0..<100_000 {
        row.removeAll()
        row.append(int64: Int64(number))
        row.append(double: Double(number))
        try pipeline.add("INSERT INTO t VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b", row)
      }
    }
    #expect(results.count == 100_000)
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 100_000)
  }

  @Test func `more than 65,535 parameters are refused and the connection stays usable`() throws {
    var connection = try TestServer.connect()
    var row = Parameters()
    for _ in 0...65_535 { row.append(int64: 1) }
    #expect(postgresError { _ = try connection.pipeline { try $0.add("SELECT 1", row) } }?.isMisuse == true)
    #expect(postgresError { try connection.query("SELECT 1", row) }?.isMisuse == true)
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }
}
