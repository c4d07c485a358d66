import Apply
import Glibc
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import TestSupport
import Testing

@testable import Journal

/// The two ways a group can take: arrays in one round trip, or staging tables.
enum Route: CaseIterable { case small, staged }

extension Target {
  /// Applies changes by the route asked for: a group of two parts is always staged.
  @discardableResult
  func apply(_ changes: [Change], by route: Route) throws -> GroupApplier.Applied {
    try apply(write(parts: route == .small ? [changes] : [changes, []]))
  }
}

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct GroupTests {
  private let items = table("items", [id, column("a", "TEXT"), column("n", "INT"), column("r", "REAL")])
  private let tags = table("tags", [id, column("tag", "TEXT")], indexes: [unique("tags_tag", term("tag"))], id: 2)

  private func tag(_ id: Int64, _ tag: String) -> [Value] { [.integer(id), .text(tag)] }

  @Test(arguments: Route.allCases)
  func `upserts, updates and deletes`(_ route: Route) throws {
    let target = try Target(items)
    try target.apply(
      [
        .upsert(items, [.one, .text("one"), .integer(10), .real(0.5)]),
        .upsert(items, [.two, .text(""), .null, .null]),
      ], by: route)
    #expect(
      try target.rows(items) == [
        [.one, .text("one"), .integer(10), .real(0.5)], [.two, .text(""), .null, .null],
      ])
    try target.apply(
      [
        .upsert(items, [.one, .null, .integer(-1), .real(1)]), .delete(items, [.two]),
        .delete(items, [.integer(99)]), .upsert(items, [.three, .text("new"), .integer(.min), .real(-0.0)]),
      ], by: route)
    #expect(
      try target.rows(items) == [
        [.one, .null, .integer(-1), .real(1)], [.three, .text("new"), .integer(.min), .real(-0.0)],
      ])
    #expect(try target.storedPosition() == target.written)
  }

  @Test func `a group that is given up while it is staged leaves nothing, and is applied once it is whole`() throws {
    let target = try Target(items)
    let group = try target.write(parts: [[.upsert(items, [.one, .null, .null, .null])], [.delete(items, [.two])]])
    let last = try #require(group.parts.last)
    let path = target.journal.path(of: last)
    #expect(rename(path, path + ".aside") == 0)
    var parts = try #require(try GroupParts(beingWritten: group.number, in: target.journal) { false })
    var applier = try target.applier()
    #expect(throws: GroupParts.GivenUp.self) {
      try applier.apply(&parts, after: target.position, as: Ownership(target.record), to: &target.connection)
    }
    #expect(try target.rows(items) == [] && target.storedPosition() == target.position)
    #expect(rename(path + ".aside", path) == 0)
    #expect(try target.apply(group).entries == 4)
    #expect(try target.rows(items) == [[.one, .null, .null, .null]] && target.storedPosition() == target.written)
  }

  @Test(arguments: Route.allCases)
  func `an empty group moves the position`(_ route: Route) throws {
    let target = try Target(items)
    #expect(try target.apply([], by: route).entries == 0)
    #expect(try target.storedPosition() == target.written)
  }

  /// Case 37.
  @Test(arguments: Route.allCases)
  func `a delete and an insert share a UNIQUE value`(_ route: Route) throws {
    let target = try Target(tags)
    try target.apply([.upsert(tags, tag(1, "a"))], by: route)
    try target.apply([.upsert(tags, tag(2, "a")), .delete(tags, [.one])], by: route)
    #expect(try target.rows(tags) == [tag(2, "a")])
    #expect(try target.quarantine().isEmpty)
  }

  /// Case 5.
  @Test(arguments: Route.allCases)
  func `rows exchange UNIQUE values`(_ route: Route) throws {
    let target = try Target(tags)
    try target.apply((1...4).map { .upsert(tags, tag($0, "\($0)")) }, by: route)
    try target.apply([.upsert(tags, tag(1, "2")), .upsert(tags, tag(2, "1"))], by: route)
    #expect(try target.rows(tags) == [tag(1, "2"), tag(2, "1"), tag(3, "3"), tag(4, "4")])
    // One gives its value away, an other takes it, and a new one takes what that had.
    try target.apply(
      [.upsert(tags, tag(5, "3")), .upsert(tags, tag(4, "1")), .upsert(tags, tag(3, "5")), .upsert(tags, tag(2, "4"))],
      by: route)
    #expect(try target.rows(tags) == [tag(1, "2"), tag(2, "4"), tag(3, "5"), tag(4, "1"), tag(5, "3")])
    #expect(try target.quarantine().isEmpty)
  }

  /// Case 5: `UPDATE t SET id = id + 1`.
  @Test(arguments: Route.allCases)
  func `keys change, all of them by one`(_ route: Route) throws {
    let target = try Target(tags)
    try target.apply((1...50).map { .upsert(tags, tag($0, "t\($0)")) }, by: route)
    try target.apply([.delete(tags, [.one])] + (2...51).map { .upsert(tags, tag($0, "t\($0 - 1)")) }, by: route)
    #expect(try target.rows(tags) == (2...51).map { tag($0, "t\($0 - 1)") })
    #expect(try target.quarantine().isEmpty)
  }

  @Test(arguments: Route.allCases)
  func `keys of several columns, of text and of no column`(_ route: Route) throws {
    let pairs = table(
      "pairs", [column("v", "INT"), column("b", "TEXT"), column("a", "INT")],
      key: .columns([term("a"), term("b")]), indexes: [primaryKey("a", "b")], id: 1)
    let names = table(
      "names", [column("name", "TEXT", notNull: true, collation: "NOCASE"), column("v", "INT")],
      key: .columns([term("name", "NOCASE")]),
      indexes: [SourceIndex(name: "pk", origin: .primaryKey, isUnique: true, terms: [term("name", "NOCASE")])], id: 2)
    let logs = table("logs", [column("line", "TEXT")], key: .rowid(alias: "rowid"), id: 3)
    let target = try Target([Planner.Input(pairs), Planner.Input(names), Planner.Input(logs)])
    try target.apply(
      [
        .upsert(pairs, [.one, .text("x"), .integer(7)]), .upsert(logs, [.text("same"), .one]),
        .upsert(logs, [.text("same"), .two]), .upsert(names, [.text("Abc"), .one]),
        .upsert(pairs, [.two, .text("y"), .integer(7)]),
      ], by: route)
    // A key that is respelled: case 5. Its other uniqueness stands in the way until the old spelling is gone.
    try target.apply(
      [
        .delete(pairs, [.integer(7), .text("x")]), .upsert(names, [.text("abc"), .two]),
        .delete(names, [.text("Abc")]), .delete(logs, [.one]), .delete(pairs, [.integer(8), .text("y")]),
      ], by: route)
    #expect(try target.rows(pairs) == [[.two, .text("y"), .integer(7)]])
    #expect(try target.rows(names) == [[.text("abc"), .two]])
    #expect(try target.rows(logs) == [[.text("same"), .two]])
  }

  @Test(arguments: Route.allCases)
  func `only rows that differ are written`(_ route: Route) throws {
    let target = try Target(items)
    let image: [Value] = [.one, .text("a"), .null, .real(0.0)]
    func version() throws -> Value { try target.scalar("SELECT xmin::text::bigint FROM \(target.name(items))") }
    try target.apply([.upsert(items, image)], by: route)
    let first = try version()
    try target.apply([.upsert(items, image)], by: route)
    #expect(try version() == first)
    try target.apply([.upsert(items, [.one, .text("a"), .null, .real(-0.0)])], by: route)
    #expect(try version() != first)
    #expect(try target.rows(items) == [[.one, .text("a"), .null, .real(-0.0)]])
  }

  /// −0.0 and 0.0 are two keys by their bytes and one to PostgreSQL.
  @Test(arguments: Route.allCases)
  func `keys that only PostgreSQL takes for one`(_ route: Route) throws {
    let reals = table("reals", [column("k", "REAL"), column("v", "INT")], key: .columns([term("k")]))
    let target = try Target(reals)
    try target.apply([.upsert(reals, [.real(0.0), .one]), .upsert(reals, [.real(-0.0), .two])], by: route)
    #expect(try target.rows(reals) == [[.real(-0.0), .two]])
  }

  @Test func `the parts of a group are one transaction`() throws {
    let target = try Target([Planner.Input(items), Planner.Input(tags)])
    let parts = (0..<4).map { part in
      (0..<10).map { row -> Change in
        let number = Int64(part * 10 + row)
        return row % 2 == 0
          ? .upsert(items, [.integer(number), .null, .null, .null]) : .upsert(tags, tag(number, "\(number)"))
      }
    }
    try target.apply(target.write(parts: parts))
    #expect(try target.rows(items).count == 20)
    #expect(try target.rows(tags).count == 20)
    #expect(
      try target.scalar(
        "SELECT count(DISTINCT x) FROM (SELECT xmin::text AS x FROM \(target.name(items)) UNION ALL "
          + "SELECT xmin::text FROM \(target.name(tags))) AS t") == .one)
  }

  /// Rollback-journal mode reads a key more than once.
  @Test func `of keys that repeat the last entry counts`() throws {
    let target = try Target(items)
    func item(_ id: Int64, _ a: String) -> Change { .upsert(items, [.integer(id), .text(a), .null, .null]) }
    try target.apply([item(4, "old"), item(5, "old")])
    try target.apply(
      target.write(
        parts: [
          [item(1, "a"), item(2, "a"), .delete(items, [.three]), item(4, "a"), .delete(items, [.integer(5)])],
          [item(1, "b"), .delete(items, [.two]), item(3, "b"), item(4, "b"), item(4, "c")],
          [.delete(items, [.integer(4)]), item(1, "c"), item(5, "c")],
        ], keysMayRepeat: true))
    #expect(
      try target.values("SELECT id, a FROM \(target.name(items)) ORDER BY 1") == [
        [.one, .text("c")], [.three, .text("b")], [.integer(5), .text("c")],
      ])
  }

  @Test func `a group of 20,000 rows`() throws {
    let target = try Target([Planner.Input(items), Planner.Input(tags)])
    try target.apply((1...1000).map { .upsert(tags, tag($0, "old \($0)")) })
    let group = try target.write(3) { part, encoder in
      try encoder.declare(items.journal)
      try encoder.declare(tags.journal)
      for row in 0..<6_500 {
        encoder.beginUpsert(items.id)
        encoder.integer(Int64(part * 6_500 + row))
        encoder.null()
        encoder.integer(Int64(row))
        encoder.real(Double(row) / 3)
      }
      for row in 1...300 {
        let id = Int64(part * 300 + row)
        if row % 3 == 0 {
          encoder.beginDelete(tags.id)
          encoder.integer(id)
        } else {
          encoder.beginUpsert(tags.id)
          encoder.integer(id)
          encoder.value(.text("new \(id)"))
        }
      }
    }
    let applied = try target.apply(group)
    #expect(applied.entries == 20_406)
    #expect(
      try target.values("SELECT count(*), sum(n)::bigint, sum(id)::bigint FROM \(target.name(items))") == [
        [.integer(19_500), .integer(3 * 6_499 * 3_250), .integer(19_499 * 9_750)]
      ])
    #expect(
      try target.values(
        "SELECT count(*), count(*) FILTER (WHERE tag LIKE 'new %'), min(id) FROM \(target.name(tags))") == [
          [.integer(700), .integer(600), .one]
        ])
  }

  @Test(arguments: Route.allCases)
  func `what finishes a group belongs to its transaction`(_ route: Route) throws {
    let target = try Target(items)
    func group() throws -> JournalGroup {
      let changes: [Change] = [.upsert(items, [.one, .null, .null, .null])]
      return try target.write(parts: route == .small ? [changes] : [changes, []])
    }
    let failing = try group()
    let error = try postgresError {
      try target.apply(failing, finishing: ["CREATE TABLE \(target.schema).extra ()", "SELECT 1 / 0"])
    }
    #expect(error?.sqlState == "22012")
    #expect(try target.rows(items).isEmpty)
    #expect(try target.storedPosition()?.group == GroupNumber(0))
    try target.apply(failing, finishing: ["CREATE TABLE \(target.schema).extra ()"])
    #expect(try target.rows(items).count == 1)
    #expect(try target.scalar("SELECT count(*) FROM \(target.schema).extra") == .integer(0))
  }

  /// Case 13.
  @Test(arguments: Route.allCases)
  func `names that need quotes`(_ route: Route) throws {
    let odd = table(
      "a\"b' {table}",
      [
        column("", "TEXT"), column("select", "INT"), column("xmin", "INT"), column("Größe", "TEXT"),
        column("a$changeover$b", "INT"), column("k\"", "TEXT", notNull: true),
      ], key: .columns([term("k\""), term("select")]), indexes: [unique("k", term("k\""), term("select"))])
    let target = try Target(odd)
    let image: [Value] = [.text("a"), .one, .two, .text("ß"), .three, .text("k")]
    try target.apply([.upsert(odd, image), .upsert(odd, [.null, .two, .null, .null, .null, .text("k")])], by: route)
    try target.apply([.delete(odd, [.text("k"), .two])], by: route)
    #expect(try target.rows(odd) == [image])
  }

  /// Case 13.
  @Test(arguments: [127, 128, 1_000], Route.allCases)
  func `tables of many columns`(_ columns: Int, _ route: Route) throws {
    let wide = table("wide", [id] + (1..<columns).map { column("c\($0)", $0 % 2 == 0 ? "INT" : "TEXT") })
    let target = try Target(wide)
    func image(_ id: Int64) -> [Value] {
      [.integer(id)] + (1..<columns).map { $0 % 2 == 0 ? .integer(Int64($0)) : .null }
    }
    try target.apply([.upsert(wide, image(1)), .upsert(wide, image(2)), .upsert(wide, image(3))], by: route)
    try target.apply([.delete(wide, [.two])], by: route)
    #expect(try target.rows(wide) == [image(1), image(3)])
  }

  /// Cases 10 and 11: a rebuilt table, and one that came while the target followed.
  @Test(arguments: Route.allCases)
  func `a journal that speaks of another table or of other columns is not applied`(_ route: Route) throws {
    let unknown = table("unknown", [id], id: 9)
    let turned = table("items", [id, column("n", "INT"), column("a", "TEXT"), column("r", "REAL")])
    let before: [Change] = [.upsert(tags, tag(1, "a"))]
    for wrong in [[Change.upsert(unknown, [.one])], [Change.upsert(turned, [.one, .null, .null, .null])]] {
      let target = try Target([Planner.Input(items), Planner.Input(tags)])
      let error = try failure { try target.apply(before + wrong, by: route) }
      #expect(error?.status == .badData)
      #expect(try target.rows(tags).isEmpty)
      #expect(try target.storedPosition()?.group == GroupNumber(0))
    }
  }

  @Test func `an entry that cannot be read in the middle of a COPY leaves nothing behind`() throws {
    let target = try Target(items)
    let group = try target.write(parts: [[.upsert(items, [.one, .null, .null, .null])], []])
    let header = try target.journal.header(of: group.parts[0])
    var payload = try target.journal.batch(group.parts[0]).withPayload { Array($0) }
    payload += [2, 1, 9]  // An upsert whose first value has no known tag.
    var encoder = BatchEncoder()
    _ = try payload.withUnsafeBytes {
      try encoder.encode(header, payload: $0, entryCount: 3, previousChecksum: 0)
    }
    let file = try #require(fopen(target.journal.path(of: group.parts[0]), "w"))
    fwrite(encoder.bytes.baseAddress, 1, encoder.bytes.count, file)
    fclose(file)
    #expect(throws: JournalError.self) { try target.apply(group) }
    #expect(try target.rows(items).isEmpty)
    #expect(try target.storedPosition()?.group == GroupNumber(0))
  }

  @Test func `a group that does not follow the position is not applied`() throws {
    let target = try Target(items)
    let group = try target.write([.upsert(items, [.one, .null, .null, .null])])
    for position in [
      Position(group: GroupNumber(1), sequence: ChangeNumber(0), nonce: 0),
      Position(group: GroupNumber(0), sequence: ChangeNumber(5), nonce: 0),
    ] {
      target.position = position
      #expect(try failure { try target.apply(group) }?.status == .badData)
    }
  }
}
