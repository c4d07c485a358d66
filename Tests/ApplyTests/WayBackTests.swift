import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// The target's part in the way back: what it closes and opens, and for whom.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct WayBackTests {
  private let parent = table("parent", [id], id: 1)
  private let child = table("child", [id, column("p", "INT")], foreignKeys: [foreignKey(["p"], to: "parent")], id: 2)
  private let switchID = RandomID.random()

  /// A target that is the authority.
  private func switched() throws -> Target {
    let target = try Target([Planner.Input(parent), Planner.Input(child)])
    let phase = TargetPhase(target.catalogue, target.source)
    let keys = ForeignKeys(target.plan).creation(leavingOut: [])
    var applier = try target.applier()
    try applier.commit(
      keys + [phase.beginSwitch(switchID, epoch: 1)], at: target.position, as: Ownership(target.record),
      to: &target.connection)
    try phase.complete(switchID, plan: target.plan, &target.connection)
    return target
  }

  private func begin(_ target: Target, _ wayBack: RandomID) throws {
    let phase = TargetPhase(target.catalogue, target.source)
    let tables = try phase.standing(target.plan, &target.connection)
    try phase.keepMaintenanceAway(tables, seconds: 1, &target.connection)
    try phase.keepWritersAway(tables, milliseconds: 1_000, &target.connection)
    for statement in phase.beginWayBack(wayBack, of: switchID, epoch: 1, closing: tables) { try target.run(statement) }
    try target.run("COMMIT")
  }

  private func stored(_ target: Target) throws -> SourceRecord {
    try #require(try SourceRecord.read(target.source, target.catalogue, &target.connection))
  }

  private func isClosed(_ target: Target) throws -> Bool {
    try postgresError { try target.run("INSERT INTO \(target.name(parent)) DEFAULT VALUES") }?.sqlState == "CO002"
  }

  @Test func `a way back that is undone leaves the target as it was`() throws {
    let target = try switched()
    let phase = TargetPhase(target.catalogue, target.source)
    let wayBack = RandomID.random()
    #expect(try !isClosed(target))
    try begin(target, wayBack)
    #expect(try stored(target).phase == .switchingBack)
    #expect(try stored(target).wayBack == wayBack)
    #expect(try isClosed(target))
    for _ in 0..<2 { try phase.undoWayBack(wayBack, of: switchID, plan: target.plan, &target.connection) }
    #expect(try stored(target).phase == .switched)
    #expect(try stored(target).switchID == switchID)
    #expect(try stored(target).wayBack == nil)
    #expect(try !isClosed(target))
  }

  @Test func `a way back that is completed follows from the last group that was given away`() throws {
    let target = try switched()
    let phase = TargetPhase(target.catalogue, target.source)
    let wayBack = RandomID.random()
    try begin(target, wayBack)
    try target.run(
      "UPDATE \(target.catalogue.source) SET captured_group = 9, captured_sequence = 90, captured_nonce = -7")
    for _ in 0..<2 { try phase.completeWayBack(wayBack, of: switchID, plan: target.plan, &target.connection) }
    let record = try stored(target)
    #expect(record.phase == .syncing)
    #expect(record.switchID == nil)
    #expect(record.wayBack == wayBack)
    #expect(record.applied == Position(group: GroupNumber(9), sequence: ChangeNumber(90), nonce: -7))
    #expect(try isClosed(target))
    #expect(
      try target.scalar(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = '\(target.name(child))'::regclass")
        == .integer(0))
  }

  @Test func `an older attempt can neither complete nor undo a newer one`() throws {
    let target = try switched()
    let phase = TargetPhase(target.catalogue, target.source)
    let old = RandomID.random()
    try begin(target, old)
    try phase.undoWayBack(old, of: switchID, plan: target.plan, &target.connection)
    try begin(target, RandomID.random())
    #expect(
      try postgresError { try phase.undoWayBack(old, of: switchID, plan: target.plan, &target.connection) }?
        .isSuperseded
        == true)
    #expect(
      try postgresError { try phase.completeWayBack(old, of: switchID, plan: target.plan, &target.connection) }?
        .isSuperseded == true)
    #expect(try stored(target).phase == .switchingBack)
    #expect(try isClosed(target))
  }

  @Test func `tables are found under the names that they have now`() throws {
    let target = try switched()
    let phase = TargetPhase(target.catalogue, target.source)
    try target.run("ALTER TABLE \(target.name(child)) RENAME TO younger; DROP TABLE \(target.name(parent)) CASCADE")
    #expect(
      try phase.standing(target.plan, &target.connection) == [PostgresText.identifier(target.schema, "younger")])
  }
}
