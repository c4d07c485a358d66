import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Case 38: PgBouncer in transaction mode in between.
@Suite(
  .enabled(if: TestServer.isThere, "DATABASE_URL is not set"),
  .enabled(if: Pooler.isThere, "pgbouncer is not installed, or the server is not of scripts/with-postgres"))
struct PoolerTests {
  private let items = table(
    "items", [id, column("a", "TEXT"), column("u", "INT")],
    indexes: [index("items_a", term("a")), unique("items_u", term("u"))])

  @Test func `installs and removes`() throws {
    let database = try Database()
    var connection = try TestServer.connect(Pooler.uri(database: database.name))
    #expect(connection.isPooled == true)
    let plan = Planner.plan([Planner.Input(items)], schema: "public")
    try TargetInstaller.checkRights(schema: "public", &connection)
    try TargetInstaller.checkIsFree(plan, &connection)
    let catalogue = try TargetCatalogue.choose(&connection, schema: "public")
    let record = try TargetInstaller.create(
      plan, source: .random(), label: "test.db", owner: .random(),
      base: Position(group: GroupNumber(0), sequence: ChangeNumber(0), nonce: 0), catalogue, &connection)
    try TargetInstaller.remove(record, catalogue, &connection)
    #expect(try TargetCatalogue.find(&connection, schema: "public") == nil)
  }

  /// Several clients share three server connections: nothing of one may stay for another.
  @Test func `groups small and large, quarantine and swaps`() throws {
    let targets = try (0..<5).map { _ in try Target(items, url: Pooler.uri()) }
    func item(_ id: Int64, _ u: Int64, _ a: Value = .text("a")) -> Change {
      .upsert(items, [.integer(id), a, .integer(u)])
    }
    for target in targets { try target.apply((1...100).map { item($0, $0) }, by: .small) }
    for target in targets { try target.apply((101...200).map { item($0, $0) }, by: .staged) }
    for target in targets { try target.apply([item(1, 2), item(2, 1)], by: .small) }
    for target in targets { try target.apply([item(3, 500, .text([0])), item(4, 5), item(5, 4)], by: .small) }
    for target in targets {
      #expect(try target.rows(items).count == 199)
      #expect(try target.quarantine().map { $0[0] } == ["3"])
      try target.apply([item(3, 3), .delete(items, [.integer(200)])], by: .small)
      #expect(try target.quarantine().isEmpty)
      #expect(try target.rows(items).count == 199)
      #expect(try target.storedPosition() == target.written)
    }
  }

  @Test func `a group of 20,000 rows`() throws {
    let target = try Target(items, url: Pooler.uri())
    let group = try target.write(2) { part, encoder in
      try encoder.declare(items.journal)
      for row in 0..<10_000 {
        encoder.beginUpsert(items.id)
        encoder.integer(Int64(part * 10_000 + row))
        encoder.null()
        encoder.integer(Int64(part * 10_000 + row))
      }
    }
    try target.apply(group)
    #expect(try target.scalar("SELECT count(*) FROM \(target.name(items))") == .integer(20_000))
  }

  @Test func `the first copy`() throws {
    let target = try Target([Planner.Input(items)], url: Pooler.uri(), isReady: false)
    let progress = try CopyProgress.read(target.source, target.catalogue, &target.connection)[0]
    var sink = try CopySink(
      target.plan.tables[0], of: target.plan, progress: progress, target.catalogue, Ownership(target.record))
    try sink.begin(on: &target.connection)
    for row in 0..<1_000 {
      sink.beginRow()
      for (column, value) in [Int64(row), 0, Int64(row)].enumerated() {
        let misfit = sink.append(column == 1 ? .null : .integer(value), column: column)
        #expect(misfit == nil)
      }
      try sink.endRow(on: &target.connection)
    }
    try sink.commit(cursor: [.integer(999)], isLast: true, on: &target.connection)
    try sink.buildKey(on: &target.connection)
    #expect(try target.rows(items).count == 1_000)
    let after = try CopyProgress.read(target.source, target.catalogue, &target.connection)[0]
    #expect(after.step == .done)
    #expect(after.cursor == [.integer(999)])
  }

  @Test func `limits of the role do not hold for our transactions, and hold for others after them`() throws {
    let role = try Role(settings: TimeoutTests.limits)
    let url = try Pooler.uri(user: role.name)
    let target = try Target(items, url: url)
    for route in Route.allCases {
      let changes: [Change] = [.upsert(items, [.one, .text("\(route)"), .null])]
      try target.apply(
        target.write(parts: route == .small ? [changes] : [changes, []]), finishing: [TimeoutTests.noLimits])
    }
    for _ in 0..<4 {
      var other = try TestServer.connect(url)
      #expect(try other.query("SELECT current_setting('statement_timeout')").string(0, 0) == "3s")
      #expect(try other.query("SELECT coalesce(current_setting('changeover.apply', true), '')").string(0, 0) == "")
    }
    #expect(
      try postgresError { try target.run("DELETE FROM \(target.name(items))") }?.sqlState == "CO002")
  }
}
