import Glibc
import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct InterruptTests {
  @Test func `another thread cancels a statement`() throws {
    var connection = try TestServer.connect()
    let handle = connection.cancelHandle
    TestServer.whenAsleep(connection.backendPID) { handle.cancel() }
    #expect(postgresError { try connection.query("SELECT pg_sleep(50)") }?.sqlState == "57014")
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a deadline cancels the statement and leaves the connection usable`() throws {
    var connection = try TestServer.connect()
    connection.deadline = .now + .milliseconds(200)
    #expect(postgresError { try connection.execute("SELECT pg_sleep(50)") }?.isTimedOut == true)
    #expect(postgresError { try connection.execute("SELECT 1") }?.isTimedOut == true)
    connection.deadline = nil
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a deadline inside a transaction leaves it failed`() throws {
    var connection = try TestServer.connect()
    try connection.execute("BEGIN")
    connection.deadline = .now + .milliseconds(200)
    #expect(postgresError { try connection.query("SELECT pg_sleep(50)") }?.isTimedOut == true)
    connection.deadline = nil
    #expect(postgresError { try connection.query("SELECT 1") }?.sqlState == "25P02")
    try connection.execute("ROLLBACK")
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a stop cancels the statement`() throws {
    let stop = StopSignal()
    var connection = try TestServer.connect(stop: stop)
    TestServer.whenAsleep(connection.backendPID) { stop.request() }
    #expect(postgresError { try connection.execute("SELECT pg_sleep(50)") }?.isStopped == true)
    #expect(postgresError { try connection.execute("SELECT 1") }?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a stop ends a pipeline and nothing of it stays`() throws {
    let stop = StopSignal()
    var connection = try TestServer.connect(stop: stop)
    try connection.execute("CREATE TEMP TABLE t (a int8)")
    TestServer.whenAsleep(connection.backendPID) { stop.request() }
    let error = postgresError {
      _ = try connection.pipeline { pipeline in
        try pipeline.add("INSERT INTO t VALUES (1)")
        try pipeline.add("SELECT pg_sleep(50)")
        try pipeline.add("INSERT INTO t VALUES (2)")
      }
    }
    #expect(error?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `a stop between two statements of a pipeline commits neither`() throws {
    let stop = StopSignal()
    var connection = try TestServer.connect(stop: stop)
    try connection.execute("CREATE TEMP TABLE t (a bytea)")
    var row = Parameters()
    row.append(bytea: Array(repeating: 1, count: 1_000_000))
    let error = postgresError {
      _ = try connection.pipeline { pipeline in
        for number in 0..<10 {
          if number == 5 { stop.request() }
          try pipeline.add("INSERT INTO t VALUES ($1)", row)
        }
      }
    }
    #expect(error?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `a stop ends a copy in, and nothing of it stays`() throws {
    let stop = StopSignal()
    var connection = try TestServer.connect(stop: stop)
    try connection.execute("CREATE TEMP TABLE t (a text)")
    try connection.copyIn("COPY t FROM STDIN")
    let line = Array(repeating: UInt8(ascii: "x"), count: 999_999) + [UInt8(ascii: "\n")]
    var sent = 0
    let error = postgresError {
      while true {
        try line.withUnsafeBytes { try connection.putCopy($0) }
        sent += 1
        if sent == 5 { stop.request() }
      }
    }
    #expect(error?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT count(*) FROM t").int64(0, 0) == 0)
  }

  @Test func `a stop ends a copy out`() throws {
    let stop = StopSignal()
    var connection = try TestServer.connect(stop: stop)
    let error = postgresError {
      try connection.copyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT") { _ in stop.request() }
    }
    #expect(error?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a backend that is terminated is a connection lost`() throws {
    var connection = try TestServer.connect()
    let error = postgresError { try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
    #expect(error?.isConnectionLost == true)
    #expect(error?.isTransient == true)
    #expect(error?.needsNewConnection == true)
    #expect(postgresError { try connection.execute("SELECT 1") }?.isConnectionLost == true)
    let isHealthy = connection.isHealthy
    #expect(!isHealthy)
  }

  @Test func `a backend that was terminated while idle is a connection lost`() throws {
    var connection = try TestServer.connect()
    var other = try TestServer.connect()
    var pid = Parameters()
    pid.append(int32: connection.backendPID)
    #expect(try other.query("SELECT pg_terminate_backend($1, 10000)", pid).bool(0, 0))
    let error = postgresError { _ = try connection.pipeline { try $0.add("SELECT 1") } }
    #expect(error?.isConnectionLost == true)
    #expect(error?.isTransient == true)
  }

  @Test func `a backend that is terminated during a copy is a connection lost`() throws {
    var connection = try TestServer.connect()
    var other = try TestServer.connect()
    try connection.execute("CREATE TEMP TABLE t (a text)")
    try connection.copyIn("COPY t FROM STDIN")
    var pid = Parameters()
    pid.append(int32: connection.backendPID)
    #expect(try other.query("SELECT pg_terminate_backend($1, 10000)", pid).bool(0, 0))
    let error = postgresError {
      try Array("line\n".utf8).withUnsafeBytes { line in
        for _ in 0..<100_000 { try connection.putCopy(line) }
      }
      _ = try connection.endCopy()
    }
    #expect(error?.isConnectionLost == true)
  }

  @Test(.enabled(if: TestServer.isOurs, "the server is not ours to stop"))
  func `a backend that answers nothing is given up after the deadline`() throws {
    var connection = try TestServer.connect()
    let pid = connection.backendPID
    try #require(kill(pid, SIGSTOP) == 0)
    defer { kill(pid, SIGCONT) }
    connection.deadline = .now + .milliseconds(100)
    #expect(postgresError { try connection.execute("SELECT 1") }?.isTimedOut == true)
    connection.deadline = nil
    #expect(postgresError { try connection.execute("SELECT 1") }?.isConnectionLost == true)
  }
}
