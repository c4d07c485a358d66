import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Cases 40 and 47.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct OwnershipTests {
  private let items = table("items", [id])

  @Test(arguments: Route.allCases)
  func `another epoch, phase or group is superseded and changes nothing`(_ route: Route) throws {
    let target = try Target(items)
    try target.apply([.upsert(items, [.one])], by: route)
    let good = (record: target.record, position: target.position)
    let changes: [Change] = [.upsert(items, [.two])]
    let group = try target.write(parts: route == .small ? [changes] : [changes, []])
    func refused(_ change: (Target) -> Void) throws {
      (target.record, target.position) = good
      change(target)
      let error = try postgresError { try target.apply(group) }
      #expect(error?.isSuperseded == true)
      #expect(try target.rows(items) == [[.one]])
      #expect(try target.storedPosition() == good.position)
    }
    try refused { $0.record.epoch = 2 }
    try refused { $0.record.epoch = 0 }
    try refused { $0.record.phase = .switched }
    try refused { $0.record.phase = .preparing }
    // What stands on the target has moved on.
    try target.run("UPDATE \(target.catalogue.source) SET applied_group = 7")
    (target.record, target.position) = good
    #expect(try postgresError { try target.apply(group) }?.isSuperseded == true)
    #expect(try target.rows(items) == [[.one]])
    try target.run("UPDATE \(target.catalogue.source) SET applied_group = 1")
    (target.record, target.position) = good
    try target.apply(group)
    #expect(try target.rows(items) == [[.one], [.two]])
  }

  /// The answer to COMMIT was lost, and the group is sent again.
  @Test(arguments: Route.allCases)
  func `the same group twice is refused the second time`(_ route: Route) throws {
    let target = try Target(items)
    let before = target.position
    let changes: [Change] = [.upsert(items, [.one])]
    let group = try target.write(parts: route == .small ? [changes] : [changes, []])
    try target.apply(group)
    let after = target.position
    target.position = before
    #expect(try postgresError { try target.apply(group) }?.isSuperseded == true)
    #expect(try target.storedPosition() == after)
  }

  @Test func `a source taken over leaves its old owner without a say`() throws {
    let target = try Target(items)
    var taken = target.record
    let owner = RandomID.random()
    try taken.takeOver(by: owner, target.catalogue, &target.connection)
    #expect(taken.epoch == 2)
    #expect(taken.owner == owner)
    #expect(try postgresError { try target.apply([.upsert(items, [.one])]) }?.isSuperseded == true)
    #expect(try !Heartbeat.beat(Ownership(target.record), target.catalogue, &target.connection))
    #expect(try Heartbeat.beat(Ownership(taken), target.catalogue, &target.connection))
    // Two at once: the second finds an epoch that it did not expect.
    #expect(
      try failure { try target.record.takeOver(by: owner, target.catalogue, &target.connection) }?.status
        == .tryAgain)
    let stored = try #require(try SourceRecord.read(target.source, target.catalogue, &target.connection))
    #expect(stored.epoch == 2)
    #expect(stored.owner == owner)
    #expect(stored.plan == target.plan)
    #expect(stored.phase == .syncing)
    #expect(stored.heartbeatAge.map { $0 >= 0 && $0 < 10 } == true)
  }

  @Test func `statements without a group pass the same gate`() throws {
    let target = try Target(items)
    func commit(_ record: SourceRecord) throws {
      var applier = try target.applier()
      try applier.commit(
        ["INSERT INTO \(target.name(items)) VALUES (5)"], at: target.position, as: Ownership(record),
        to: &target.connection)
    }
    var other = target.record
    other.epoch = 5
    #expect(try postgresError { try commit(other) }?.isSuperseded == true)
    #expect(try target.rows(items).isEmpty)
    try commit(target.record)
    #expect(try target.rows(items) == [[.integer(5)]])
    #expect(try target.storedPosition() == target.position)
  }

  @Test func `a switch opens and closes only what it names`() throws {
    let parent = table("parent", [id], id: 1)
    let child = table("child", [id, column("p", "INT")], foreignKeys: [foreignKey(["p"], to: "parent")], id: 2)
    let target = try Target([Planner.Input(parent), Planner.Input(child)])
    let phase = TargetPhase(target.catalogue, target.source)
    let switchID = RandomID.random()
    let insert = "INSERT INTO \(target.name(parent)) VALUES (1)"
    func foreignKeys() throws -> Value {
      try target.scalar(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = '\(target.name(child))'::regclass")
    }
    func stored() throws -> Phase? { try SourceRecord.read(target.source, target.catalogue, &target.connection)?.phase }
    func begin() throws {
      let ddl = DDL(target.plan)
      let keys = target.plan.tables[1].foreignKeys.map { ddl.addForeignKey($0, on: target.plan.tables[1]) }
      var applier = try target.applier()
      try applier.commit(
        TargetPhase.sequences(of: target.plan, handedOut: ["parent": 41]) + keys
          + [phase.beginSwitch(switchID, epoch: 1)], at: target.position, as: Ownership(target.record),
        to: &target.connection)
    }
    #expect(
      try postgresError { try phase.complete(switchID, plan: target.plan, &target.connection) }?.isSuperseded == true)
    #expect(try postgresError { try target.run(insert) }?.sqlState == "CO002")
    try begin()
    #expect(try stored() == .switching)
    #expect(try foreignKeys() == .one)
    let other = RandomID.random()
    #expect(try postgresError { try phase.undo(other, plan: target.plan, &target.connection) }?.isSuperseded == true)
    #expect(
      try postgresError { try phase.complete(other, plan: target.plan, &target.connection) }?.isSuperseded == true)
    #expect(try foreignKeys() == .one)
    for _ in 0..<2 { try phase.undo(switchID, plan: target.plan, &target.connection) }
    #expect(try stored() == .syncing)
    #expect(try foreignKeys() == .integer(0))
    #expect(try postgresError { try target.run(insert) }?.sqlState == "CO002")
    try begin()
    for _ in 0..<2 { try phase.complete(switchID, plan: target.plan, &target.connection) }
    #expect(try stored() == .switched)
    #expect(try postgresError { try phase.undo(switchID, plan: target.plan, &target.connection) }?.isSuperseded == true)
    #expect(try foreignKeys() == .one)
    try target.run("INSERT INTO \(target.name(parent)) DEFAULT VALUES")
    #expect(try target.rows(parent) == [[.integer(42)]])
    // Nobody applies an old group now.
    #expect(try postgresError { try target.apply([.upsert(parent, [.one])]) }?.isSuperseded == true)
  }
}
