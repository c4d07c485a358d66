import Model
import Schema
import SchemaFixtures
import Testing

/// Case 34.
struct ForeignKeyTests {
  private let parent = table(
    "Parent", [id, column("code", "TEXT"), column("plain", "TEXT"), column("half", "INT")],
    indexes: [unique("p_code", term("code")), index("p_plain", term("plain"))], id: 1)

  /// The child's plan, planned after its parent.
  private func child(
    _ keys: [SourceForeignKey], _ columns: [SourceColumn], parent: SourceTable? = nil,
    holding: [String: StorageClasses] = [:]
  ) -> TablePlan {
    let child = table("child", [id] + columns, foreignKeys: keys, id: 2)
    return Planner.plan(
      [Planner.Input(parent ?? self.parent, holding: holding), Planner.Input(child)], schema: "public"
    ).tables[1]
  }

  @Test func `implicit columns are the parent's primary key`() {
    let plan = child([foreignKey(["p"], to: "parent")], [column("p", "INT")])
    #expect(plan.foreignKeys.map(\.parentTable) == ["Parent"])
    #expect(plan.foreignKeys.map(\.parentColumns) == [["id"]])
    #expect(plan.foreignKeys.map(\.name) == ["child_p_fkey"])
    #expect(plan.notes.isEmpty)
  }

  @Test func `implicit columns are the primary key also where another key tells the rows apart`() {
    let other = table(
      "Parent", [column("k", "TEXT"), column("u", "INT", notNull: true)], key: .rowid(alias: "rowid"),
      indexes: [primaryKey("k"), unique("pu", term("u"))], id: 1)
    let plan = child(
      [foreignKey(["p"], to: "Parent")], [column("p", "TEXT")], parent: other, holding: ["k": [.text, .null]])
    #expect(plan.foreignKeys.map(\.parentColumns) == [["k"]])
  }

  @Test func `a key to a UNIQUE column is kept, in whatever order its columns stand`() {
    let two = table(
      "Parent", [id, column("a", "INT"), column("b", "TEXT")], indexes: [unique("ab", term("a"), term("b"))])
    let plan = child(
      [foreignKey(["y", "x"], to: "Parent", ["b", "a"], isDeferred: true)], [column("x", "INT"), column("y", "TEXT")],
      parent: two)
    #expect(plan.foreignKeys.map(\.columns) == [["y", "x"]])
    #expect(plan.foreignKeys.map(\.parentColumns) == [["b", "a"]])
    #expect(plan.foreignKeys.map(\.isDeferred) == [true])
  }

  @Test func `a missing parent is noted`() {
    let plan = child([foreignKey(["p"], to: "gone")], [column("p", "INT")])
    #expect(plan.foreignKeys.isEmpty)
    #expect(plan.notes == ["foreign key (p) to 'gone' is left out: that table does not move"])
  }

  @Test(arguments: [["plain"], ["code", "plain"], ["nothing"], ["id", "id"]])
  func `columns that are not unique there are noted`(_ columns: [String]) {
    let own = columns.indices.map { column("p\($0)", "TEXT") }
    let plan = child([foreignKey(own.map(\.name), to: "Parent", columns)], own)
    #expect(plan.foreignKeys.isEmpty)
    #expect(plan.notes.count == 1 && plan.notes[0].hasSuffix("the columns it refers to are not unique there"))
  }

  @Test func `an index that is not UNIQUE on the target makes no parent`() {
    let loose = table("Parent", [id, column("u")], indexes: [unique("pu", term("u"))])
    let plan = child(
      [foreignKey(["p"], to: "Parent", ["u"])], [column("p", "TEXT")], parent: loose,
      holding: ["u": [.integer, .text]])
    #expect(plan.foreignKeys.isEmpty)
    #expect(plan.notes.count == 1)
  }

  @Test func `columns of another type are noted`() {
    let plan = child([foreignKey(["p"], to: "Parent", ["code"])], [column("p", "INT")])
    #expect(plan.foreignKeys.isEmpty)
    #expect(plan.notes == ["foreign key (p) to 'Parent' is left out: the columns have different types"])
  }

  @Test func `a table may refer to itself, and tables to each other`() {
    let loop = table(
      "a", [id, column("up", "INT"), column("b", "INT")],
      foreignKeys: [foreignKey(["up"], to: "a"), foreignKey(["b"], to: "b", ["id"])], id: 1)
    let back = table("b", [id, column("a", "INT")], foreignKeys: [foreignKey(["a"], to: "a")], id: 2)
    let plan = Planner.plan([Planner.Input(loop), Planner.Input(back)], schema: "public")
    #expect(plan.tables[0].foreignKeys.map(\.parentTable) == ["a", "b"])
    #expect(plan.tables[1].foreignKeys.map(\.parentTable) == ["a"])
    let ddl = DDL(plan)
    #expect(
      ddl.addForeignKey(plan.tables[0].foreignKeys[0], on: plan.tables[0]) == """
        ALTER TABLE "public"."a" ADD CONSTRAINT "a_up_fkey" FOREIGN KEY ("up") REFERENCES "public"."a" ("id") \
        ON UPDATE NO ACTION ON DELETE CASCADE NOT VALID
        """)
  }
}
