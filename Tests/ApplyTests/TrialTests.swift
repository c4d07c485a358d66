import Apply
import Journal
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Rows that the server refuses while tables are copied, and rows that come back once nothing is in their way (case 39).
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct TrialTests {
  private let items = table("items", [id, column("a", "TEXT"), column("n", "INT")])

  private func item(_ id: Int64, a: String? = "a", n: Int64? = 1) -> [Value] {
    [.integer(id), a.map { .text($0) } ?? .null, n.map { .integer($0) } ?? .null]
  }

  private func ids(_ target: Target) throws -> [Int64] {
    try target.values("SELECT id FROM \(target.name(items)) ORDER BY 1").map {
      if case .integer(let id) = $0[0] { id } else { -1 }
    }
  }

  @Test func `a copy goes past what the user's own constraints refuse`() throws {
    let target = try Target([Planner.Input(items)], isReady: false)
    try target.run(
      """
      ALTER TABLE \(target.name(items)) ADD CONSTRAINT positive CHECK (n > 0), ALTER n SET NOT NULL,
        ADD CONSTRAINT narrow UNIQUE (a), ALTER a TYPE varchar(9)
      """)
    var sink = try target.sink(items)
    var images = (1...9_000).map { item($0, a: "a\($0)") }
    images[9] = item(10, a: "a10", n: 0)
    images[4_999] = item(5_000, a: "a5000", n: nil)
    images[5_000] = item(5_001, a: "a1")
    images[8_999] = item(9_000, a: "much too long")
    try target.copy(images, with: &sink, isLast: true)
    #expect(try ids(target).count == 8_996)
    #expect(
      try target.quarantine() == [
        ["10", nil, "refused by PostgreSQL with SQLSTATE 23514 (constraint positive)"],
        ["5000", "n", "refused by PostgreSQL with SQLSTATE 23502"],
        ["5001", nil, "refused by PostgreSQL with SQLSTATE 23505 (constraint narrow)"],
        ["9000", nil, "refused by PostgreSQL with SQLSTATE 22001"],
      ])
    #expect(
      try target.values("SELECT state, image, key FROM \(target.catalogue.quarantine) WHERE key_text = '5001'")
        == [[.text("23505"), .blob(ValueList.encode(images[5_000])), .blob(ValueList.encode([images[5_000][0]]))]])
    try sink.buildKey(on: &target.connection)
    let progress = sink.progress
    #expect(progress.step == .done && progress.rows == 9_000)
  }

  /// Case 30: the key's index comes after the copy, and must not fail then.
  @Test func `a copied key that no index takes does not stop the key from being built`() throws {
    let names = table(
      "names", [column("k", "TEXT", notNull: true), column("v", "TEXT")], key: .columns([term("k")]),
      indexes: [primaryKey("k")])
    let target = try Target([Planner.Input(names)], isReady: false)
    var random = SeededRandom(seed: 30)
    func long(_ count: Int) -> String {
      String(decoding: (0..<count).map { _ in UInt8(random.below(94) + 33) }, as: UTF8.self)
    }
    // The second is long and can be compressed; the third is long only beside its key.
    let rows: [[Value]] = [
      [.text(long(4_000)), .text("v")], [.text(String(repeating: "x", count: 4_000)), .text("v")],
      [.text("k"), .text(long(9_000))], [.text(long(2_600)), .text("v")],
    ]
    var sink = try target.sink(names)
    try target.copy(rows, with: &sink, isLast: true)
    try sink.buildKey(on: &target.connection)
    #expect(
      try target.quarantine().map { $0[2] } == ["refused by PostgreSQL with SQLSTATE 54000 (constraint names_pkey)"])
    #expect(try target.scalar("SELECT count(*) FROM \(target.name(names))") == .three)
  }

  @Test func `rows wider than a page are refused, copied or followed`() throws {
    let wide = table("wide", [id] + (1...700).map { column("c\($0)", "TEXT") })
    let target = try Target([Planner.Input(wide)])
    func row(_ id: Int64, _ text: String) -> [Value] { [.integer(id)] + Array(repeating: .text(text), count: 700) }
    let long = "eighteen and more"
    // Of this one the server moves enough out.
    let movable: [Value] =
      [.integer(6)] + (1...700).map { .text($0 < 200 ? String(repeating: "long ", count: 100) : "short") }
    var sink = try target.sink(wide)
    try target.copy([row(1, "x"), row(2, long), row(3, long), row(4, "y"), movable], with: &sink)
    #expect(try target.quarantine().map { $0[0] } == ["2", "3"])
    for route in Route.allCases {
      try target.apply(
        [.upsert(wide, row(1, long)), .upsert(wide, row(5, "x")), .upsert(wide, row(2, "z"))], by: route)
      #expect(try target.quarantine().map { $0[0] } == ["1", "3"])
      try target.apply([.upsert(wide, row(1, "x")), .upsert(wide, row(2, long)), .upsert(wide, movable)], by: route)
      #expect(try target.quarantine().map { $0[0] } == ["2", "3"])
    }
    #expect(
      try target.values("SELECT id FROM \(target.name(wide)) ORDER BY 1")
        == [[.one], [.integer(4)], [.integer(5)], [.integer(6)]])
    #expect(
      try target.quarantine()[0][2] == "refused by PostgreSQL with SQLSTATE 54000 (more in one row than a page holds)")
  }

  // MARK: Tried again

  private func withUnique() throws -> Target {
    let target = try Target(items)
    try target.run("CREATE UNIQUE INDEX narrow ON \(target.name(items)) (n)")
    return target
  }

  @Test func `a row comes by itself once the row in its way is gone`() throws {
    let target = try withUnique()
    try target.apply([.upsert(items, item(1, n: 1)), .upsert(items, item(2, n: 1)), .upsert(items, item(3, n: 3))])
    #expect(try target.quarantine().map { $0[0] } == ["2"])
    // Another group of the table that changes nothing for it.
    try target.apply([.upsert(items, item(4, n: 4))])
    #expect(try target.quarantine().map { $0[0] } == ["2"])
    try target.apply([.delete(items, [.one])])
    #expect(try target.quarantine().isEmpty)
    #expect(try target.rows(items) == [item(2, n: 1), item(3, n: 3), item(4, n: 4)])
  }

  @Test func `groups of other tables leave it alone`() throws {
    let other = table("other", [id], id: 2)
    let target = try Target([Planner.Input(items), Planner.Input(other)])
    try target.run("ALTER TABLE \(target.name(items)) ADD CONSTRAINT positive CHECK (n > 0)")
    try target.apply([.upsert(items, item(1, n: 0))])
    try target.run("ALTER TABLE \(target.name(items)) DROP CONSTRAINT positive")
    try target.apply([.upsert(other, [.one])])
    #expect(try target.quarantine().count == 1)
    var applier = try target.applier()
    try applier.retry(at: target.position, as: Ownership(target.record), to: &target.connection)
    #expect(applier.quarantined == 0)
    #expect(try target.rows(items) == [item(1, n: 0)])
    #expect(try target.storedPosition() == target.position)
  }

  /// In turn, so that a thousand hopeless rows do not slow every group down.
  @Test func `many refused rows are tried a hundred at a time`() throws {
    let target = try Target(items)
    let name = target.name(items)
    try target.run("ALTER TABLE \(name) ADD CONSTRAINT positive CHECK (n > 0)")
    try target.apply((1...250).map { .upsert(items, item($0, n: 0)) })
    try target.run("ALTER TABLE \(name) DROP CONSTRAINT positive")
    var applier = try target.applier()
    for left in [150, 50, 0] as [Int64] {
      target.position = try applier.apply(
        target.write([.upsert(items, item(999))]), after: target.position, as: Ownership(target.record),
        to: &target.connection
      ).position
      #expect(applier.quarantined == left)
    }
    #expect(try ids(target).count == 251)
  }

  @Test(arguments: Route.allCases)
  func `a row that is refused again was first seen when it was`(_ route: Route) throws {
    let target = try withUnique()
    try target.apply([.upsert(items, item(1, n: 1)), .upsert(items, item(2, n: 1))], by: route)
    try target.apply([.upsert(items, item(2, a: "b", n: 1))], by: route)
    #expect(
      try target.values(
        "SELECT first_seen < last_seen, state, image FROM \(target.catalogue.quarantine)")
        == [[.one, .text("23505"), .blob(ValueList.encode(item(2, a: "b", n: 1)))]])
  }

  // MARK: Given up

  @Test func `a discarded row blocks nothing, is known, and comes when it fits`() throws {
    let target = try withUnique()
    try target.apply([.upsert(items, item(1, n: 1)), .upsert(items, item(2, n: 1)), .upsert(items, item(3, n: 1))])
    func entries() throws -> [QuarantineEntry] {
      var entries: [QuarantineEntry] = []
      try QuarantineEntry.forEach(of: target.source, withImages: true, target.catalogue, &target.connection) {
        entries.append($0)
      }
      return entries.sorted { $0.keyText < $1.keyText }
    }
    try QuarantineEntry.setDiscarded(
      true, entries().filter { $0.keyText == "2" }, of: target.source, target.catalogue, &target.connection)
    #expect(try SourceRecord.quarantined(target.source, target.catalogue, &target.connection) == 1)
    #expect(try entries().map { $0.discardedAt != nil } == [true, false])
    #expect(try entries()[0].image == item(2, n: 1))
    #expect(try QuarantineSummary.read(target.source, target.catalogue, &target.connection).map(\.rows) == [1])
    // Refused again, and still discarded.
    let applied = try target.apply([.upsert(items, item(2, a: "b", n: 1)), .delete(items, [.three])])
    #expect(applied.quarantined == 0)
    #expect(try entries().map { $0.discardedAt != nil } == [true])
    #expect(try target.applier().quarantined == 0)
    try target.apply([.upsert(items, item(2, n: 2))])
    #expect(try entries().isEmpty)
    #expect(try target.rows(items) == [item(1, n: 1), item(2, n: 2)])
  }

  @Test func `a list goes through however many rows there are`() throws {
    let target = try Target(items)
    try target.apply((1...1_050).map { .upsert(items, [.integer($0), .text([0]), .null]) })
    var keys: Set<String> = []
    try QuarantineEntry.forEach(of: target.source, withImages: false, target.catalogue, &target.connection) {
      #expect($0.image == nil && $0.column == "a" && $0.state == nil)
      keys.insert($0.keyText)
    }
    #expect(keys.count == 1_050)
  }
}
