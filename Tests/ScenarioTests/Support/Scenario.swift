import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// One test's world: a temporary directory with a SQLite file, a PostgreSQL database of its own, and the processes it
/// started. Everything is gone at the end.
final class Scenario {
  let directory: String
  let server: Server
  /// The target database's name.
  let database: String
  /// The SQLite file.
  var source: String
  /// What DATABASE_URL says to the programs started.
  var url: String
  private var children: [ChildProcess] = []
  private var started = 0

  static let binary = Variables["CHANGEOVER_BINARY"] ?? "\(Files.checkout)/.build/debug/changeover"
  static var isPossible: Bool { Server.shared != nil }
  static let isRoot = geteuid() == 0
  static let skipped: Comment = "DATABASE_URL is not set: run it under scripts/with-postgres"

  /// Runs a test in a scenario of its own.
  static func run(on server: Server? = nil, _ body: (Scenario) throws -> Void) throws {
    let scenario = try Scenario(try #require(server ?? Server.shared))
    defer { scenario.end() }
    do {
      try body(scenario)
    } catch {
      for child in scenario.children.suffix(4) where !child.everythingSaid.isEmpty {
        print("--- \(child.everythingSaid.suffix(4_000))")
      }
      throw error
    }
  }

  private init(_ server: Server) throws {
    var template = Array("/tmp/changeover-scenario.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Files.Failed(path: "/tmp", code: errno) }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.server = server
    database = "scenario_\(getpid())_\(UInt32.random(in: 0 ... .max))"
    source = directory + "/app.db"
    url = server.url(database: database)
    try server.psql("CREATE DATABASE \(database)")
  }

  private func end() {
    for child in children { child.kill() }
    _ = try? server.psql("DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
    Files.remove(directory)
  }

  // MARK: The product

  /// The environment of `changeover`.
  var environment: [String: String] {
    Variables.base.merging(["DATABASE_URL": url, "CHANGEOVER_SOURCE": source]) { $1 }
  }

  /// Runs a command of changeover to its end.
  func changeover(
    _ arguments: String..., environment: [String: String] = [:], seconds: Double = 60
  ) throws -> Program.Result {
    try Program.run(
      [Self.binary] + arguments, environment: self.environment.merging(environment) { $1 }, seconds: seconds)
  }

  /// Starts a command of changeover.
  func start(_ arguments: String..., environment: [String: String] = [:]) throws -> ChildProcess {
    try spawn([Self.binary] + arguments, environment: self.environment.merging(environment) { $1 })
  }

  /// A sync that streams.
  func startStreaming(_ arguments: String...) throws -> ChildProcess {
    let sync = try spawn([Self.binary, "sync"] + arguments, environment: environment)
    try sync.waitUntilSays("streaming from", seconds: 60)
    return sync
  }

  /// Any program, killed with the scenario.
  func spawn(_ command: [String], environment: [String: String] = Variables.base) throws -> ChildProcess {
    started += 1
    let child = try ChildProcess(command, environment: environment, outputs: "\(directory)/process-\(started)")
    children.append(child)
    return child
  }

  /// `lag --json`, decoded.
  func lag(_ arguments: String...) throws -> Lag {
    let result = try Program.run([Self.binary, "lag", "--json"] + arguments, environment: environment)
    guard result.status == 0 else { throw Program.Failed(what: "lag", result: result) }
    return try Lag(result.output)
  }

  /// Waits until the target has everything that was written before this call; others may go on writing.
  func waitUntilCaughtUp(seconds: Double = 60) throws {
    let written = try lag().source_sequence ?? .max
    var last = ""
    try Waiting.until("change \(written) is applied", seconds: seconds, details: { last }) {
      let lag = try lag()
      last = "\(lag)"
      return (lag.applied_sequence ?? 0) >= written && lag.state == "streaming"
    }
  }

  /// The same once the sync has taken up the application's schema as it is.
  func waitUntilTakenUp() throws {
    try Waiting.until("the schema is taken up") { try isSchemaTakenUp() }
    try waitUntilCaughtUp()
  }

  func isSchemaTakenUp() throws -> Bool {
    try sqlite(
      """
      SELECT (SELECT value FROM _changeover_meta WHERE name = 'schema_version') = schema_version
        AND NOT EXISTS (SELECT 1 FROM _changeover_table WHERE request IS NOT NULL) FROM pragma_schema_version;
      """) == "1"
  }

  // MARK: Both stores

  /// Runs statements on the SQLite file, as an application would; returns the rows, fields joined by `|`.
  @discardableResult
  func sqlite(_ statements: String, _ file: String? = nil) throws -> String {
    try Program.python("sqlite_run.py", [file ?? source], input: statements).trimmed
  }

  @discardableResult
  func psql(_ statements: String) throws -> String { try server.psql(statements, database: database) }

  /// Compares every row with a program that shares nothing with the product; throws where they differ.
  func expectEqual(
    schema: String = "public", exclude: [String] = [], _ file: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let arguments = [file ?? source, "--dsn", server.url(database: database), "--schema", schema]
    let result = try Program.run(
      ["python3", "\(Files.checkout)/Tests/Support/compare.py"] + arguments
        + (exclude.isEmpty ? [] : ["--exclude"] + exclude), seconds: 120)
    #expect(
      result.status == 0 && result.output.hasPrefix("equal"), "\(result.output)\(result.errors)",
      sourceLocation: sourceLocation)
  }

  /// The application's schema and changeover's, as SQLite keeps it.
  func sourceSchema(_ file: String? = nil) throws -> String {
    guard Files.exists(file ?? source) else { throw Files.Failed(path: file ?? source, code: ENOENT) }
    return try sqlite("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid;", file)
  }

  /// Everything in the target database that somebody made.
  func targetObjects() throws -> String {
    try psql(
      """
      SELECT nspname, relkind, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2, 3;
      SELECT nspname FROM pg_namespace ORDER BY 1; SELECT proname FROM pg_proc WHERE oid > 16383 ORDER BY 1;
      """)
  }

  /// Makes the target wait before each `CREATE UNIQUE INDEX` or key, so that the first copy does not come to its end.
  func holdCopies() throws {
    try psql(
      """
      CREATE SCHEMA hold; CREATE FUNCTION hold.wait() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN
          WHILE current_query() ~ 'ADD CONSTRAINT' AND EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'hold') LOOP
            PERFORM pg_sleep(0.1);
          END LOOP;
        END $$;
      CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION hold.wait();
      """)
  }

  /// Those that wait go on, too.
  func releaseCopies() throws { try psql("DROP EVENT TRIGGER hold; DROP SCHEMA hold CASCADE") }

  var stateDirectory: String { source + ".changeover" }
  var journalFiles: [String] { Files.names(in: stateDirectory + "/journal").filter { $0.hasSuffix(".batch") } }
}

/// What `lag --json` says.
struct Lag: Decodable {
  var state: String
  var sync_running: Bool
  var source_sequence: Int64?
  var applied_sequence: Int64?
  var changes: Int64?
  var seconds: Double?
  var seconds_is_upper_bound: Bool
  var quarantined: Int64?
  var target_reachable: Bool
  var held: [String]

  init(_ json: String) throws { self = try JSONDecoder().decode(Lag.self, from: Data(json.utf8)) }
}
