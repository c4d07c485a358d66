import Glibc
import Model
import Postgres
import Testing

/// Through PgBouncer in transaction mode in front of DATABASE_URL's server, at CHANGEOVER_TEST_POOLER_URL.
@Suite(
  .enabled(if: TestServer.pooler != nil, "CHANGEOVER_TEST_POOLER_URL is not set"),
  .serialized, .timeLimit(.minutes(1)))
struct PoolerTests {
  private func connect(_ stop: StopSignal = StopSignal(), url: String? = TestServer.pooler) throws -> Connection {
    try Connection(ConnectionTarget(url), applicationName: "changeover tests", stop: stop, timeoutSeconds: 10)
  }

  private func url(database: String) throws -> String {
    let target = try ConnectionTarget(TestServer.pooler)
    return "postgresql://\(target.user)@\(target.host):\(target.port)/\(database)"
  }

  @Test func `a pooler is noticed and its server connections keep their settings`() throws {
    var admin = try TestServer.connect()
    try admin.execute("DROP DATABASE IF EXISTS changeover_pooled")
    try admin.execute("CREATE DATABASE changeover_pooled")
    try admin.execute("ALTER DATABASE changeover_pooled SET lock_timeout = '3s'")
    defer { try? admin.execute("DROP DATABASE changeover_pooled WITH (FORCE)") }
    var connection = try connect(url: url(database: "changeover_pooled"))
    let facts = (connection.isPooled, connection.localSettings)
    #expect(facts.0)
    #expect(facts.1 == "SET LOCAL lock_timeout = 0; ")
    try connection.execute("BEGIN; \(facts.1)")
    #expect(try connection.query("SELECT current_setting('lock_timeout')").string(0, 0) == "0")
    try connection.execute("COMMIT")
    #expect(try connection.query("SELECT current_setting('lock_timeout')").string(0, 0) == "3s")
    #expect(try connection.query("SELECT current_setting('TimeZone')").string(0, 0) == "UTC")
  }

  @Test func `a pipeline is a transaction`() throws {
    var connection = try connect()
    var row = Parameters()
    let results = try connection.pipeline { pipeline in
      try pipeline.add("BEGIN")
      try pipeline.add("CREATE TEMP TABLE t (a int8, b bytea) ON COMMIT DROP")
      for number in 0..<200 {
        row.removeAll()
        row.append(int64: Int64(number))
        row.append(bytea: Array(repeating: 1, count: 10_000))
        try pipeline.add("INSERT INTO t VALUES ($1, $2)", row)
      }
      try pipeline.add("SELECT count(*) FROM t")
      try pipeline.add("COMMIT")
    }
    #expect(try results[202].int64(0, 0) == 200)
  }

  @Test func `a copy goes both ways`() throws {
    var connection = try connect()
    try connection.execute("BEGIN; CREATE TEMP TABLE t (a text) ON COMMIT DROP")
    try connection.copyIn("COPY t FROM STDIN")
    let lines = Array(String(repeating: "a line of text\n", count: 10_000).utf8)
    for _ in 0..<10 { try lines.withUnsafeBytes { try connection.putCopy($0) } }
    #expect(try connection.endCopy() == 100_000)
    var bytes = 0
    #expect(try connection.copyOut("COPY t TO STDOUT") { bytes += $0.count } == 100_000)
    #expect(bytes == 10 * lines.count)
    try connection.execute("COMMIT")
  }

  @Test func `a deadline and a stop cancel through the pooler`() throws {
    let stop = StopSignal()
    var connection = try connect(stop)
    connection.deadline = .now + .milliseconds(200)
    #expect(postgresError { try connection.execute("SELECT pg_sleep(50)") }?.isTimedOut == true)
    connection.deadline = nil
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
    inBackground {
      usleep(200_000)
      stop.request()
    }
    #expect(postgresError { _ = try connection.pipeline { try $0.add("SELECT pg_sleep(50)") } }?.isStopped == true)
    connection.stop = StopSignal()
    #expect(try connection.query("SELECT 5").int64(0, 0) == 5)
  }

  @Test func `a database that does not exist is named as such`() throws {
    let error = postgresError { _ = try connect(url: url(database: "no_such_database")) }
    #expect(error?.connect?.cause == .noSuchDatabase)
  }
}
