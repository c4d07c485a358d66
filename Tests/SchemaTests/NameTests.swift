import Model
import Schema
import SchemaFixtures
import Testing

/// Cases 13 and 33.
struct NameTests {
  private func tables(_ names: [String]) -> TargetPlan {
    Planner.plan(
      names.enumerated().map { Planner.Input(table($1, [id], id: Int64($0 + 1))) }, schema: "public")
  }

  /// Every name of the plan that shares the schema's namespace.
  private func relations(_ plan: TargetPlan) -> [String] {
    plan.tables.flatMap { table in
      [table.targetName, table.keyName] + (table.sequenceName.map { [$0] } ?? []) + table.indexes.map(\.name)
    }
  }

  @Test func `names over 63 bytes are cut and stay apart`() {
    let long = String(repeating: "x", count: 80)
    let plan = tables([long + "1", long + "2", String(repeating: "ü", count: 40), String(repeating: "x", count: 63)])
    let names = plan.tables.map(\.targetName)
    #expect(names[3] == String(repeating: "x", count: 63))
    #expect(names[2] == String(repeating: "ü", count: 31))
    #expect(names[0] == String(repeating: "x", count: 61) + "_2")
    #expect(names[1] == String(repeating: "x", count: 61) + "_3")
    #expect(plan.tables[0].notes.contains { $0.contains("is called") })
    let all = relations(plan)
    #expect(Set(all).count == all.count)
    #expect(all.allSatisfy { $0.utf8.count <= 63 && !$0.isEmpty })
  }

  @Test func `an empty name gets one`() {
    let plan = plan(
      table(
        "", [column("", "TEXT"), id, column("column", "TEXT")],
        indexes: [index("", term(""))]))
    #expect(plan.targetName == "table")
    #expect(plan.columns.map(\.targetName) == ["column_2", "id", "column"])
    #expect(plan.indexes.map(\.name) == ["index"])
  }

  @Test func `system columns are renamed without taking another's name`() {
    let plan = plan(table("t", [id, column("xmin", "INT"), column("xmin_", "INT"), column("oid", "INT")]))
    #expect(plan.columns.map(\.targetName) == ["id", "xmin__2", "xmin_", "oid"])
    #expect(plan.notes == ["column 'xmin' is called 'xmin__2' on the target"])
  }

  @Test func `mixed case, spaces, quotes and reserved words stay`() {
    let names = ["Order", "order", "select", "a b", "a\"b", "naïve", "{table}"]
    #expect(tables(names).tables.map(\.targetName) == names)
  }

  @Test func `a name never ends the body of a function`() {
    let plan = tables(["a$changeover$b", "$changeover$", "$change$changeover$over$"])
    #expect(plan.tables.map(\.targetName) == ["achangeoverb", "table", "$changechangeoverover$"])
    #expect(plan.tables.allSatisfy { !$0.targetName.contains("$changeover$") })
  }

  @Test func `a table keeps its name, an index gives way`() {
    let first = table(
      "a", [id, column("b", "INT")], indexes: [index("z", term("b")), index("a_pkey_2", term("b"))], id: 1)
    let inputs =
      [first] + ["z", "a_pkey", "a_id_seq"].enumerated().map { table($1, [id], id: Int64($0 + 2)) }
    let plan = Planner.plan(inputs.map { Planner.Input($0) }, schema: "public")
    #expect(plan.tables.map(\.targetName) == ["a", "z", "a_pkey", "a_id_seq"])
    #expect(plan.tables[0].indexes.map(\.name) == ["z_2", "a_pkey_2_2"])
    #expect(plan.tables[0].keyName == "a_pkey_2")
    #expect(plan.tables[0].sequenceName == "a_id_seq_2")
    let all = relations(plan)
    #expect(Set(all).count == all.count)
  }

  @Test func `index names are unique in the schema`() {
    let tables = (1...2).map { table("t\($0)", [id, column("a")], indexes: [index("i", term("a"))], id: Int64($0)) }
    let plan = Planner.plan(tables.map { Planner.Input($0) }, schema: "public")
    #expect(plan.tables.map { $0.indexes[0].name } == ["i", "i_2"])
  }

  @Test func `the hidden column makes room for a column of its name`() {
    let plan = plan(
      table("t", [column("_changeover_rowid", "TEXT"), column("b")], key: .rowid(alias: "rowid")))
    #expect(plan.columns.map(\.targetName) == ["_changeover_rowid", "b", "_changeover_rowid_2"])
    #expect(plan.keyPositions == [2])
    #expect(plan.columns[2].isIdentity)
  }
}
