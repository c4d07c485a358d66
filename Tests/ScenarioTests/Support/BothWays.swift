import Testing

/// The same rows through the first copy and through streaming; `BASE` in a text stands for what tells the two apart.
struct BothWays {
  let it: Scenario
  /// The sync, which goes on following.
  let sync: ChildProcess

  /// Writes the rows, copies them, writes them again under other keys while sync follows, and waits for them.
  init(_ it: Scenario, _ schema: String, rows: String, arguments: [String] = []) throws {
    self.it = it
    try it.sqlite(schema + Self.placed(rows, 0))
    sync = try it.spawn([Scenario.binary, "sync"] + arguments, environment: it.environment)
    try sync.waitUntilSays("streaming from", seconds: 60)
    try it.sqlite(Self.placed(rows, Self.later))
    try it.waitUntilCaughtUp()
  }

  /// Expects what psql prints for a query over one way's rows, whichever way it is.
  func expect(_ query: String, _ printed: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for base in [0, Self.later] {
      #expect(
        try it.psql("SET timezone = 'UTC';" + Self.placed(query, base)) == printed,
        base == 0 ? "copied" : "streamed", sourceLocation: sourceLocation)
    }
  }

  /// Switches, and expects the sync to follow in the other direction.
  func switchOver(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let (status, report) = try it.cutover("--execute")
    #expect(status == 0, "\(report)", sourceLocation: sourceLocation)
    try it.expectFollowsBack(sync, sourceLocation: sourceLocation)
    try it.expectVerified(sourceLocation: sourceLocation)
  }

  private static let later = 1_000

  private static func placed(_ text: String, _ base: Int) -> String { text.replacing("BASE", with: "\(base)") }
}

extension Scenario {
  /// The columns of a table on the target with their types.
  func targetTypes(_ table: String) throws -> String {
    try psql(
      """
      SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
      FROM pg_attribute WHERE attrelid = '\(table)'::regclass AND attnum > 0
      """)
  }
}
