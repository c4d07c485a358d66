import Glibc
import Model
import Postgres
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"), .timeLimit(.minutes(1)))
struct ConnectTests {
  private func connect(_ conninfo: String, stop: StopSignal = StopSignal(), seconds: Double = 5) throws -> Connection {
    try Connection(ConnectionTarget(conninfo), applicationName: "changeover tests", stop: stop, timeoutSeconds: seconds)
  }

  private func connectError(_ conninfo: String, sourceLocation: SourceLocation = #_sourceLocation) -> ConnectError? {
    let error = postgresError(sourceLocation: sourceLocation) { _ = try connect(conninfo) }
    guard let error else { return nil }
    let failure = error.failure(operation: "connect to", subject: "the target")
    #expect(failure.status == .unreachable, sourceLocation: sourceLocation)
    #expect(!failure.remedy.isEmpty, sourceLocation: sourceLocation)
    for text in ["\(error)", "\(failure)", String(reflecting: error), error.connect?.text ?? ""] {
      #expect(!text.contains("swordfish"), sourceLocation: sourceLocation)
    }
    return error.connect
  }

  @Test func `shows its name, and says where it is`() throws {
    var connection = try TestServer.connect()
    let result = try connection.query(
      "SELECT application_name, pg_backend_pid() FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    #expect(try result.string(0, 0) == "changeover tests")
    #expect(try result.int32(0, 1) == connection.backendPID)
    let facts = (connection.isHealthy, connection.isPooled, connection.serverVersion, connection.serverEncoding)
    #expect(facts.0)
    #expect(!facts.1)
    #expect(facts.2 >= 120_000)
    #expect(facts.3 == "UTF8")
  }

  @Test func `undoes the timeouts and styles that a host sets for the role`() throws {
    var admin = try TestServer.connect()
    try admin.execute("DROP ROLE IF EXISTS changeover_hosted")
    try admin.execute("CREATE ROLE changeover_hosted LOGIN PASSWORD 'swordfish'")
    defer { try? admin.execute("DROP ROLE changeover_hosted") }
    for setting in [
      "statement_timeout = '3s'", "lock_timeout = '2s'", "idle_in_transaction_session_timeout = '1s'",
      "TimeZone = 'Asia/Tokyo'", "DateStyle = 'SQL, DMY'", "standard_conforming_strings = off",
      "client_encoding = 'LATIN1'",
    ] { try admin.execute("ALTER ROLE changeover_hosted SET \(setting)") }
    var connection = try connect(TestServer.uri(user: "changeover_hosted", password: "swordfish"))
    for (name, value) in [
      ("statement_timeout", "0"), ("lock_timeout", "0"), ("idle_in_transaction_session_timeout", "0"),
      ("TimeZone", "UTC"), ("DateStyle", "ISO, YMD"), ("client_encoding", "UTF8"),
      ("standard_conforming_strings", "on"),
    ] { #expect(try connection.query("SELECT current_setting('\(name)')").string(0, 0) == value) }
    let local = connection.localSettings
    #expect(local == "")
  }

  @Test func `a wrong password is named as such`() throws {
    var admin = try TestServer.connect()
    try admin.execute("DROP ROLE IF EXISTS changeover_locked; CREATE ROLE changeover_locked LOGIN PASSWORD 'right'")
    defer { try? admin.execute("DROP ROLE changeover_locked") }
    let wrong = try connectError(TestServer.uri(user: "changeover_locked", password: "swordfish"))
    #expect(wrong?.cause == .wrongPassword)
    #expect(wrong?.sqlState == "28P01")
    let none = try connectError(TestServer.uri(user: "changeover_locked"))
    #expect(none?.cause == .passwordMissing)
  }

  @Test func `a database that does not exist is named as such`() throws {
    let error = try connectError(TestServer.uri(password: "swordfish", database: "no_such_database"))
    #expect(error?.cause == .noSuchDatabase)
    #expect(error?.sqlState == "3D000")
  }

  @Test func `a database that the role may not enter is named as such`() throws {
    var admin = try TestServer.connect()
    try admin.execute("DROP DATABASE IF EXISTS changeover_closed")
    try admin.execute("CREATE DATABASE changeover_closed")
    try admin.execute("REVOKE CONNECT ON DATABASE changeover_closed FROM PUBLIC")
    try admin.execute(
      "DROP ROLE IF EXISTS changeover_outsider; CREATE ROLE changeover_outsider LOGIN PASSWORD 'swordfish'")
    defer {
      try? admin.execute("DROP DATABASE changeover_closed")
      try? admin.execute("DROP ROLE changeover_outsider")
    }
    let uri = try TestServer.uri(user: "changeover_outsider", password: "swordfish", database: "changeover_closed")
    #expect(connectError(uri)?.cause == .noPrivilege)
  }

  @Test func `a host that does not exist is named as such`() {
    #expect(connectError("postgresql://u:swordfish@no-such-host.invalid/d")?.cause == .unknownHost)
  }

  @Test func `a port where nobody listens is named as such`() {
    #expect(connectError("postgresql://u:swordfish@127.0.0.1:1/d")?.cause == .refused)
    #expect(connectError("host=/no/such/directory user=u password=swordfish")?.cause == .noSocket)
  }

  @Test func `a server without TLS is named as such`() throws {
    var connection = try TestServer.connect()
    guard try connection.query("SHOW ssl").string(0, 0) == "off" else { return }
    let error = try connectError(TestServer.uri(password: "swordfish") + "?sslmode=require")
    #expect(error?.cause == .tls)
  }

  @Test func `an option that libpq does not accept is named as such`() throws {
    let error = try connectError(TestServer.uri(password: "swordfish") + "?sslmode=perhaps")
    #expect(error?.cause == .badOption)
  }

  @Test func `a server that says nothing is given up in time`() throws {
    let listener = try Listener()
    let uri = "postgresql://u:swordfish@127.0.0.1:\(listener.port)/d"
    let error = postgresError { _ = try connect(uri, seconds: 0.3) }
    #expect(error?.connect?.cause == .timedOut)
    #expect(error?.isTransient == true)
  }

  @Test func `a stop ends connecting`() throws {
    let listener = try Listener()
    let stop = StopSignal()
    inBackground {
      usleep(100_000)
      stop.request()
    }
    let uri = "postgresql://u:swordfish@127.0.0.1:\(listener.port)/d"
    #expect(postgresError { _ = try connect(uri, stop: stop, seconds: 50) }?.isStopped == true)
  }
}

/// A TCP port on the loopback that accepts connections and never says a word.
private struct Listener: ~Copyable {
  let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) | listen(descriptor, 8) | getsockname(descriptor, pointer, &length)
      }
    }
    try #require(status == 0)
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }
}
