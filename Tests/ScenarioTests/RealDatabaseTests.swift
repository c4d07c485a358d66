import TestSupport
import Testing

/// The public sample databases, moved while somebody writes to them.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RealDatabaseTests {
  static let directory = Variables["CHANGEOVER_TEST_DATA"] ?? "\(Files.checkout)/../shared/data"
  static let names = Files.names(in: directory).filter { $0.hasSuffix(".sqlite") || $0.hasSuffix(".db") }

  @Test(
    .enabled(if: !names.isEmpty, "there are no sample databases in CHANGEOVER_TEST_DATA or ../shared/data"),
    arguments: names)
  func `a real database moves while it is written to, value for value`(name: String) throws {
    try Scenario.run { it in
      try Files.copy("\(Self.directory)/\(name)", to: it.source)
      let assess = try it.changeover("assess")
      #expect(assess.status == 0 && assess.output.contains("\nGO: 0 blockers"), "\(assess.output)")
      let sync = try it.startStreaming()
      // Nothing stays text or bigint that its declaration and its data let be more.
      let wanting = try Program.python("native_types.py", [it.source, it.server.url(database: it.database)])
      #expect(wanting == "")
      try it.expectEqual()
      try Program.python("real_writes.py", [it.source, "400", "3"])
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try it.lag().quarantined == 0)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `patterns choose the tables, and what stays out is said`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE customer (id INTEGER PRIMARY KEY); CREATE TABLE customer_log (id INTEGER PRIMARY KEY);
        CREATE TABLE session (id INTEGER PRIMARY KEY); CREATE TABLE Cache (id INTEGER PRIMARY KEY);
        CREATE VIRTUAL TABLE page USING fts5(text); CREATE VIEW v AS SELECT random();
        INSERT INTO customer VALUES (1);
        """)
      let sync = try it.changeover(
        "sync", "--until-caught-up", "--include", "c*", "--include", "page", "--exclude", "*_LOG", "--exclude", "cache")
      #expect(sync.status == 0, "\(sync.errors)")
      for text in [
        "'customer_log' stays out: excluded by the pattern '*_LOG'", "'session' stays out: not matched",
        "'Cache' stays out", "'page' stays out: virtual table", "'page_data' stays out: shadow table",
        "'v' stays out: view",
      ] {
        #expect(sync.errors.contains(text), "\(text) in \(sync.errors)")
      }
      #expect(
        try it.psql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
          == "customer")
      try it.expectEqual(exclude: ["customer_log", "session", "Cache"])
    }
  }
}
