import Model
import Schema
import SchemaFixtures
import Testing

/// How a plan follows a change of the source's schema.
struct PlanChangeTests {
  private let parent = table("parent", [id, column("n", "INT")], id: 1)
  private let child = table(
    "child", [id, column("p", "INTEGER")], indexes: [index("child_p", term("p"))],
    foreignKeys: [foreignKey(["p"], to: "parent")], id: 2)

  private func before() -> TargetPlan {
    Planner.plan([parent, child].map { Planner.Input($0) }, schema: "public")
  }

  private func change(
    _ plan: TargetPlan, _ steps: [TableStep], _ tables: [SourceTable], facts: [SchemaNews.Facts] = []
  ) -> PlanChange {
    PlanChange(
      of: plan, for: SchemaNews(change: SchemaChange(steps: steps, tables: tables), facts: facts),
      overrides: Overrides(), citext: nil)
  }

  private func step(_ table: SourceTable, _ action: TableStep.Action) -> TableStep {
    TableStep(table: table.id, name: table.name, action: action)
  }

  @Test func `a column that was added is planned by what it holds, before the others stay what they are`() {
    var wider = child
    wider.columns.append(column("note", "TEXT", default: "'x'"))
    let facts = SchemaNews.Facts(
      table: child.id, columns: [ColumnFacts(), ColumnFacts(), ColumnFacts(classes: .text)])
    let change = change(
      before(), [step(wider, .altered([.added(column: "note", value: .text("x"))]))], [parent, wider], facts: [facts])
    let new = change.plan.tables[1]
    #expect(new.columns.map(\.targetName) == ["id", "p", "note"])
    #expect(
      new.columns[2].type == .text && new.columns[2].defaultSQL == "'x'::text" || new.columns[2].defaultSQL == "'x'")
    #expect(new.columns.dropLast() == before().tables[1].columns[...])
    guard case .alter(let old, new, [.add(new.columns[2], .text("x"))])? = change.works.first?.task else {
      Issue.record("\(change.works)")
      return
    }
    #expect(old == before().tables[1])
  }

  @Test func `foreign keys of others follow a parent's new names`() {
    var renamed = parent
    renamed.name = "elder"
    renamed.columns[0].name = "number"
    renamed.key = .rowidColumn("number")
    var follower = child
    follower.foreignKeys = [foreignKey(["p"], to: "elder")]
    let change = change(
      before(), [step(renamed, .altered([.renamed, .renamedColumn(from: "id", to: "number")]))], [renamed, follower])
    #expect(change.plan.tables[1].foreignKeys.map(\.parentTable) == ["elder"])
    #expect(change.plan.tables[1].foreignKeys.map(\.parentColumns) == [["number"]])
    #expect(change.works.count == 1)
  }

  @Test func `a table that is copied again in the same shape is refilled, in another one made anew under its names`() {
    let same = change(before(), [step(child, .copied(reason: "asked for"))], [parent, child])
    guard case .refill? = same.works.first?.task else {
      Issue.record("\(same.works)")
      return
    }
    #expect(same.plan == before())
    var other = child
    other.columns[1] = column("p", "TEXT")
    let anew = change(before(), [step(other, .copied(reason: "it was built anew"))], [parent, other])
    guard case .recreate(_, let new)? = anew.works.first?.task else {
      Issue.record("\(anew.works)")
      return
    }
    #expect(new.targetName == "child" && new.keyName == "child_pkey" && new.indexes.map(\.name) == ["child_p"])
    #expect(new.columns[1].type.isText)
  }

  @Test func `a table that is copied again goes on taking what it took`() {
    let mixed = table("mixed", [id, column("a", "INTEGER"), column("b", "NUMERIC"), column("c", "INTEGER")], id: 1)
    let held = [StorageClasses.integer, [.integer, .text], [.integer, .real], .integer].map(Self.facts)
    let plan = Planner.plan([Planner.Input(table: mixed, facts: held)], schema: "public")
    #expect(plan.tables[0].columns.map(\.type) == [.bigint, .anyText, .double, .bigint])
    let now = SchemaNews.Facts(table: mixed.id, columns: mixed.columns.map { _ in Self.facts(.integer) })
    let copied = change(plan, [step(mixed, .copied(reason: "VACUUM"))], [mixed], facts: [now])
    #expect(copied.plan.tables[0].columns == plan.tables[0].columns)
    var longer = mixed
    longer.columns.insert(column("new", "INTEGER"), at: 1)
    let all = SchemaNews.Facts(table: mixed.id, columns: longer.columns.map { _ in Self.facts(.integer) })
    let rebuilt = change(plan, [step(longer, .copied(reason: "it was built anew"))], [longer], facts: [all])
    #expect(rebuilt.plan.tables[0].columns.map(\.type) == [.bigint, .bigint, .anyText, .double, .bigint])
    let text = SchemaNews.Facts(table: mixed.id, columns: mixed.columns.map { _ in Self.facts(.text) })
    let wider = change(plan, [step(mixed, .copied(reason: "VACUUM"))], [mixed], facts: [text])
    #expect(wider.plan.tables[0].columns[1].type == .anyText)
    #expect(wider.plan.tables[0].columns[3].type == .anyText, "what does not fit any more is chosen anew")
  }

  private static func facts(_ classes: StorageClasses) -> ColumnFacts { ColumnFacts(classes: classes) }

  @Test func `a new table takes no name that another one has`() {
    let new = table("child_p", [id], id: 3)
    let change = change(before(), [step(new, .copied(reason: "it is new"))], [parent, child, new])
    #expect(change.plan.tables.map(\.targetName) == ["parent", "child", "child_p_2"])
  }

  @Test func `a table that the target holds is not altered, only copied`() {
    var held = before()
    held.holds = [TargetPlan.Hold(table: child.id, name: "child", hold: TableHold(.paused, "refused"))]
    var wider = child
    wider.columns.append(column("note", "TEXT"))
    wider.foreignKeys.append(foreignKey(["note"], to: "parent"))
    let altered = change(held, [step(wider, .altered([.added(column: "note", value: .null)]))], [parent, wider])
    #expect(altered.works.isEmpty)
    #expect(altered.plan.tables == held.tables && altered.plan.holds == held.holds)
    let copied = change(altered.plan, [step(wider, .copied(reason: "asked for"))], [parent, wider])
    #expect(copied.plan.holds.isEmpty)
    #expect(copied.plan.tables[1].columns.count == 3)
  }

  @Test func `the columns of a table that the user made are the user's to change`() {
    var plan = before()
    plan.tables[1].isUserMade = true
    var wider = child
    wider.columns.append(column("note", "TEXT"))
    for action in [
      TableStep.Action.altered([.added(column: "note", value: .null)]), .copied(reason: "it was built anew"),
    ] {
      let change = change(plan, [step(wider, action)], [parent, wider])
      #expect(change.plan.holds.map(\.hold.kind) == [.paused])
      #expect(change.plan.tables[1] == plan.tables[1])
    }
    let refilled = change(plan, [step(child, .copied(reason: "asked for"))], [parent, child])
    #expect(refilled.plan.holds.isEmpty && refilled.plan.tables == plan.tables)
  }

  @Test func `a table that left the source for good leaves the plan`() {
    let change = change(before(), [step(child, .removed)], [parent])
    #expect(change.plan.tables.map(\.sourceName) == ["parent"])
    #expect(change.works.map(\.task) == [.remove(before().tables[1])])
  }
}
