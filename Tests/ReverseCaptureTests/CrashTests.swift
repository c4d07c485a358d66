import Apply
import Journal
import Model
import Postgres
import ReverseCapture
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// What dies between the journal and the target's COMMIT, and who may drain at all.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct CrashTests {
  private let items = table("items", [id, column("a", "TEXT")])

  @Test func `a group whose transaction did not commit is discarded and captured again`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    let lost = try #require(try authority.capture(inside: "BEGIN", end: "ROLLBACK"))
    #expect(try authority.journal.group(lost.position.group) != nil)
    try authority.run("UPDATE \(authority.name(items)) SET a = 'b'")
    try authority.restart()
    let captured = try #require(try authority.capture())
    #expect(captured.position.group == lost.position.group && captured.position.nonce != lost.position.nonce)
    #expect(captured.changes == 2)
    #expect(try authority.isMirrored(items))
    #expect(try authority.journal.check(source: authority.source).isEmpty)
  }

  @Test func `the same without a restart`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    try authority.capture()
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (2, 'b')")
    _ = try #require(try authority.capture(inside: "BEGIN", end: "ROLLBACK"))
    let captured = try #require(try authority.capture())
    #expect(captured.position.group == GroupNumber(2) && captured.changes == 1)
    #expect(try authority.isMirrored(items))
  }

  @Test func `a group whose COMMIT went through is neither discarded nor captured again`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    let captured = try #require(try authority.capture(inside: "BEGIN", end: "COMMIT"))
    try authority.restart()
    #expect(try authority.capture() == nil)
    #expect(try authority.journal.group(captured.position.group) != nil)
    try authority.run("DELETE FROM \(authority.name(items))")
    #expect(try authority.capture()?.position.group == GroupNumber(2))
    #expect(try authority.journal.check(source: authority.source).isEmpty)
  }

  @Test func `inside a transaction that keeps the writers out it takes everything that came before the lock`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    try authority.capture()
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (2, 'b')")
    let lock = "BEGIN; SELECT 1; LOCK TABLE \(authority.name(items)) IN SHARE ROW EXCLUSIVE MODE"
    #expect(try authority.capture(inside: lock, end: "COMMIT")?.changes == 1)
    #expect(try authority.pending == 0)
  }

  @Test func `a process that another one took the place of drains nothing`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    try authority.capture()
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (2, 'b')")
    var record = authority.record
    var other = try TestServer.connect()
    try record.takeOver(by: RandomID.random(), authority.catalogue, &other)
    #expect(try postgresError { _ = try authority.hasNews() }?.isSuperseded == true)
    #expect(try postgresError { try authority.capture() }?.isSuperseded == true)
    #expect(try authority.pending == 1)
    try authority.restart()
    #expect(try authority.capture()?.changes == 1)
  }

  @Test func `nothing is drained in another phase`() throws {
    let authority = try Authority(items)
    try authority.run("INSERT INTO \(authority.name(items)) VALUES (1, 'a')")
    try authority.run("UPDATE \(authority.catalogue.source) SET phase = 'switching-back'")
    #expect(try postgresError { try authority.capture() }?.isSuperseded == true)
    #expect(try authority.pending == 1)
  }

  @Test func `a target that is older than the journal by more than a group is refused`() throws {
    let authority = try Authority(items)
    for number in 1...3 {
      try authority.run("INSERT INTO \(authority.name(items)) VALUES (\(number), 'a')")
      try authority.capture()
    }
    try authority.run("UPDATE \(authority.catalogue.source) SET captured_group = 1, captured_sequence = 2")
    try authority.restart()
    let error = #expect(throws: Failure.self) { try authority.capture() }
    #expect(error?.status == .badData)
    #expect(try authority.journal.files().count == 3)
  }
}
