import TestSupport
import Testing

/// Real databases there and back: the file ends with the values and storage classes that it had.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RealThereAndBackTests {
  private static let warehouse = Variables["CHANGEOVER_TEST_WAREHOUSE"] ?? "\(Files.checkout)/../shared/warehouse"

  @Test(
    .enabled(
      if: !RealDatabaseTests.names.isEmpty, "there are no sample databases in CHANGEOVER_TEST_DATA or ../shared/data"),
    arguments: RealDatabaseTests.names)
  func `a real database comes back byte for byte`(name: String) throws {
    try Scenario.run { it in
      try Files.copy("\(RealDatabaseTests.directory)/\(name)", to: it.source)
      try thereAndBack(it)
    }
  }

  @Test(.enabled(if: Files.exists("\(warehouse)/sqlite.sql"), "there is no ../shared/warehouse"))
  func `a warehouse comes back byte for byte`() throws {
    try Scenario.run { it in
      try it.sqlite(Files.text("\(Self.warehouse)/sqlite.sql"))
      try Program.python("fill_tables.py", [it.source, "7", "40"])
      try thereAndBack(it)
    }
  }

  private func thereAndBack(_ it: Scenario) throws {
    let values = "\(it.directory)/values"
    try Program.python("stored_values.py", [it.source, values])
    let sync = try it.startStreaming()
    // The application's own triggers stay behind, and are not missed here.
    let waivers = try it.cutover().report.failed.filter { $0.hasPrefix("triggers") }.flatMap { ["--waive", $0] }
    let (switched, cutover) = try it.startCutover(["--execute", "--no-backup"] + waivers).finish()
    #expect(switched == 0, "\(cutover)")
    try sync.waitUntilSays("streaming back from")
    // Every row is written, and none is another one afterwards.
    try it.psql(
      """
      DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT a.attrelid::regclass AS name, min(quote_ident(a.attname)) AS first FROM pg_attribute AS a
            JOIN pg_class AS c ON c.oid = a.attrelid
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND a.attgenerated = ''
            AND NOT a.attisdropped
          GROUP BY 1 LOOP
          EXECUTE format('UPDATE %s SET %s = %2$s', one.name, one.first);
        END LOOP;
      END $$
      """)
    try it.waitUntilBackInStep()
    #expect(try Program.python("stored_values.py", [it.source, values, "--equal"]) == "")
    let (status, report) = try it.verify()
    #expect(status == 0 && report.equal, "\(report)")
    #expect(try it.rollback("--execute").status == 0)
    #expect(try Program.python("stored_values.py", [it.source, values, "--equal"]) == "")
    try it.waitUntilCaughtUp()
    try it.expectEqual()
    #expect(sync.isRunning, "\(sync.everythingSaid)")
  }
}
