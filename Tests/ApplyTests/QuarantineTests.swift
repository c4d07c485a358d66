import Apply
import Journal
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

/// Case 39.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct QuarantineTests {
  private let items = table(
    "items", [id, column("a", "TEXT"), column("n", "INT"), column("r", "REAL"), column("m", "INT", notNull: true)])

  private func item(
    _ id: Int64, a: Value = .text("a"), n: Value = .one, r: Value = .real(0.5), m: Value = .one
  ) -> Change {
    .upsert(items, [.integer(id), a, n, r, m])
  }

  private func ids(_ target: Target) throws -> [Int64] {
    try target.values("SELECT id FROM \(target.name(items)) ORDER BY 1").map {
      if case .integer(let id) = $0[0] { id } else { -1 }
    }
  }

  /// Cases 25 and 26.
  @Test(arguments: Route.allCases)
  func `values that do not fit`(_ route: Route) throws {
    let target = try Target(items)
    try target.apply((1...8).map { item($0) }, by: route)
    let applied = try target.apply(
      [
        item(1, a: .text([0x61, 0])), item(2, a: .text([0xFF])), item(3, a: .blob([1])), item(4, n: .real(1.5)),
        item(5, n: .text("x")), item(6, r: .integer(1 << 53 + 1)), item(7, m: .null), item(8, n: .two), item(9),
      ], by: route)
    #expect(applied.quarantined == 7)
    // The older images are gone.
    #expect(try ids(target) == [8, 9])
    #expect(
      try target.quarantine() == [
        ["1", "a", "holds text with a NUL character, which PostgreSQL text cannot"],
        ["2", "a", "holds text that is not valid UTF-8"],
        ["3", "a", "holds BLOB, which text does not take"],
        ["4", "n", "holds REAL, which bigint does not take"],
        ["5", "n", "holds TEXT, which bigint does not take"],
        ["6", "r", "holds an integer beyond 2^53, which double precision would round"],
        ["7", "m", "holds NULL, which the target column does not take"],
      ])
    let image = ValueList.encode([.two, .text([0xFF]), .one, .real(0.5), .one])
    #expect(
      try target.scalar("SELECT image FROM \(target.catalogue.quarantine) WHERE key_text = '2'") == .blob(image))
    // The next good image clears a key, and so does its delete; others stay, or get another reason.
    let next = try target.apply(
      [item(1), .delete(items, [.two]), item(3, a: .integer(3)), item(10, a: .text([0]))], by: route)
    #expect(next.quarantined == 2)
    #expect(try ids(target) == [1, 8, 9])
    #expect(try target.quarantine().map { $0[0] } == ["10", "3", "4", "5", "6", "7"])
    #expect(try target.quarantine().map { $0[2] }.contains("holds INTEGER, which text does not take"))
    try target.apply((1...10).map { item($0) }, by: route)
    #expect(try ids(target) == Array(1...10))
    #expect(try target.quarantine().isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `rows that the server refuses, while the others of the group arrive`(_ route: Route) throws {
    let target = try Target(items)
    try target.run(
      """
      ALTER TABLE \(target.name(items)) ADD CONSTRAINT positive CHECK (n > 0);
      CREATE UNIQUE INDEX narrow ON \(target.name(items)) (m);
      CREATE INDEX long ON \(target.name(items)) (a)
      """)
    var random = SeededRandom(seed: 1)
    let long = (0..<4_000).map { _ in UInt8(random.below(94) + 33) }
    try target.apply((1...5).map { item($0, m: .integer($0)) }, by: route)
    let applied = try target.apply(
      (6...200).map { item($0, m: .integer($0)) } + [
        item(2, n: .integer(-1), m: .two), item(3, m: .integer(4)), item(4, a: .text(long), m: .integer(300)),
        .delete(items, [.integer(5)]),
      ], by: route)
    #expect(applied.quarantined == 2)
    // Row 3 wants what row 4 gives away.
    #expect(try ids(target) == [1, 3] + Array(6...200))
    #expect(
      try target.quarantine() == [
        ["2", nil, "refused by PostgreSQL with SQLSTATE 23514 (constraint positive)"],
        ["4", nil, "refused by PostgreSQL with SQLSTATE 54000 (constraint long)"],
      ])
    try target.apply([item(2, m: .integer(6)), item(201, m: .integer(201))], by: route)
    #expect(
      try target.quarantine().map { $0[2] } == [
        "refused by PostgreSQL with SQLSTATE 23505 (constraint narrow)",
        "refused by PostgreSQL with SQLSTATE 54000 (constraint long)",
      ])
    try target.apply([item(2, m: .two), .delete(items, [.integer(4)])], by: route)
    #expect(try target.quarantine().isEmpty)
    #expect(try ids(target) == [1, 2, 3] + Array(6...201))
  }

  /// Case 30.
  @Test(arguments: Route.allCases)
  func `a key that no index takes`(_ route: Route) throws {
    let names = table(
      "names", [column("k", "TEXT", notNull: true), column("v", "INT")], key: .columns([term("k")]),
      indexes: [primaryKey("k")])
    let target = try Target(names)
    var random = SeededRandom(seed: 2)
    let long = Value.text((0..<10_000).map { _ in UInt8(random.below(94) + 33) })
    #expect(
      try target.apply([.upsert(names, [long, .one]), .upsert(names, [.text("k"), .one])], by: route).quarantined == 1)
    #expect(try target.rows(names) == [[.text("k"), .one]])
    #expect(try target.quarantine().map { $0[0]?.count } == [201])
    try target.apply([.upsert(names, [long, .two])], by: route)
    #expect(try target.quarantine().count == 1)
    try target.apply([.delete(names, [long])], by: route)
    #expect(try target.quarantine().isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `keys that cannot stand on the target`(_ route: Route) throws {
    let names = table(
      "names", [column("k", "TEXT"), column("v", "INT")], key: .columns([term("k")]), indexes: [primaryKey("k")])
    let target = try Target(names)
    let nul = Value.text([0x61, 0, 0x62])
    let applied = try target.apply(
      [
        .upsert(names, [nul, .one]), .upsert(names, [.null, .one]), .upsert(names, [.blob([0]), .one]),
        .upsert(names, [.text("b"), .one]), .delete(names, [.text([0])]), .delete(names, [.null]),
      ], by: route)
    #expect(applied.quarantined == 3)
    #expect(try target.rows(names) == [[.text("b"), .one]])
    #expect(try target.quarantine().map { $0[0] } == ["NULL", "ab", "x'00'"])
    try target.apply([.delete(names, [nul]), .delete(names, [.null])], by: route)
    #expect(try target.quarantine().map { $0[0] } == ["x'00'"])
  }

  @Test func `of keys that repeat the last entry decides on the quarantine too`() throws {
    let target = try Target(items)
    let bad = Value.text([0])
    try target.apply([item(1, a: bad), item(2, a: bad)])
    try target.apply(
      target.write(
        parts: [
          [item(1), item(2), item(3, a: bad), item(4), item(5, a: bad), item(6, n: .text("x"))],
          [item(1, a: bad), item(3), .delete(items, [.integer(5)]), item(4, a: bad), item(6, a: bad)],
        ], keysMayRepeat: true))
    #expect(try ids(target) == [2, 3])
    #expect(try target.quarantine().map { $0[0] } == ["1", "4", "6"])
    #expect(try target.quarantine().last?[1] == "a")
  }

  /// The first copy puts rows there too, after the applier was made.
  @Test func `a row that another put there is let go`() throws {
    let target = try Target(items)
    var applier = try target.applier()
    func apply(_ changes: [Change]) throws {
      target.position = try applier.apply(
        target.write(changes), after: target.position, as: Ownership(target.record), to: &target.connection
      ).position
    }
    try apply([item(1)])
    try Quarantine(target.catalogue, target.source).add(
      [1, 2].map { key in
        RefusedRow(
          table: target.plan.tables[0], key: [.integer(key)], image: [.integer(key), .text([0]), .one, .null, .one],
          column: "a", reason: "test")
      }, &target.connection)
    try apply([item(1)])
    #expect(try target.quarantine().map { $0[0] } == ["2"])
    #expect(applier.quarantined == 1)
    try apply([item(2)])
    #expect(applier.quarantined == 0)
    try apply([item(3)])
    #expect(try ids(target) == [1, 2, 3])
  }

  @Test func `a whole table of refused rows`() throws {
    let target = try Target(items)
    try target.run("ALTER TABLE \(target.name(items)) ADD CONSTRAINT positive CHECK (n > 0)")
    let count: Int64 = 2_500
    let misfits = try target.apply(
      target.write(2) { part, encoder in
        try encoder.declare(items.journal)
        for row in 1...(count / 2) {
          encoder.beginUpsert(items.id)
          for value in [Value.integer(row + Int64(part) * count / 2), .text([0]), .one, .null, .one] {
            encoder.value(value)
          }
        }
      })
    #expect(misfits.quarantined == Int(count))
    let refused = try target.apply(
      target.write(2) { part, encoder in
        try encoder.declare(items.journal)
        for row in 1...(count / 2) {
          let key = row + Int64(part) * count / 2
          encoder.beginUpsert(items.id)
          for value in [Value.integer(key), .null, key % 10 == 0 ? .one : .integer(0), .null, .one] {
            encoder.value(value)
          }
        }
      })
    #expect(refused.quarantined == Int(count) * 9 / 10)
    #expect(try ids(target).count == Int(count) / 10)
    #expect(
      try target.scalar("SELECT count(*) FROM \(target.catalogue.quarantine) WHERE reason LIKE 'refused%'")
        == .integer(count * 9 / 10))
  }
}
