import Apply
import Journal
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Groups that the target has already, once more.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct ReplayTests {
  private let tags = table("tags", [id, column("tag", "TEXT")], indexes: [unique("tags_tag", term("tag"))])

  private func tag(_ id: Int64, _ tag: String) -> Change { .upsert(tags, [.integer(id), .text(tag)]) }

  private func replay(_ groups: [JournalGroup], on target: Target) throws {
    var applier = try target.applier()
    try applier.replay(groups, at: target.position, as: Ownership(target.record), to: &target.connection)
  }

  @Test func `heals what they wrote and leaves the position`() throws {
    let target = try Target(tags)
    var groups: [JournalGroup] = []
    for changes in [
      [tag(1, "a"), tag(2, "b"), tag(3, "c")], [tag(1, "b"), tag(2, "a"), .delete(tags, [.three])],
      [tag(3, "d"), tag(1, "e"), tag(4, "b")],
    ] {
      groups.append(try target.write(changes))
      try target.apply(groups[groups.count - 1])
    }
    let rows = try target.rows(tags)
    try target.run(
      """
      BEGIN; SET LOCAL changeover.apply = 'on'; DELETE FROM \(target.name(tags)) WHERE id = 4;
      UPDATE \(target.name(tags)) SET tag = 'damaged' WHERE id = 2; COMMIT
      """)
    let damaged = try target.rows(tags)
    #expect(damaged != rows)
    // The last group alone brings back what it wrote, and nothing else.
    try replay(Array(groups.suffix(1)), on: target)
    #expect(try target.rows(tags).count == 4)
    #expect(try target.rows(tags) != rows)
    try replay(groups, on: target)
    #expect(try target.rows(tags) == rows)
    #expect(try target.storedPosition() == target.position)
    try replay([], on: target)
    #expect(try target.quarantine().isEmpty)
  }

  @Test func `keeps the quarantine as the last group left it`() throws {
    let target = try Target(tags)
    let groups = [
      try target.write([.upsert(tags, [.one, .text([0])]), tag(2, "b")]),
      try target.write([tag(1, "a"), .upsert(tags, [.two, .text([0])])]),
    ]
    for group in groups { try target.apply(group) }
    let quarantine = try target.quarantine()
    try replay(groups, on: target)
    #expect(try target.rows(tags) == [[.one, .text("a")]])
    #expect(try target.quarantine() == quarantine)
    #expect(quarantine.map { $0[0] } == ["2"])
  }

  @Test func `is refused once somebody else moved on`() throws {
    let target = try Target(tags)
    let group = try target.write([tag(1, "a")])
    try target.apply(group)
    target.record.epoch = 2
    #expect(try postgresError { try replay([group], on: target) }?.isSuperseded == true)
  }
}
