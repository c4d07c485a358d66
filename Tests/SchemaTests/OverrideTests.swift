import Model
import Schema
import SchemaFixtures
import Testing

/// What the user says about types and names goes before what changeover would choose.
struct OverrideTests {
  private let orders = table("Orders", [id, column("Total", "REAL"), column("who", "INT")])

  private func plan(_ change: (inout Overrides) -> Void) -> TablePlan {
    var overrides = Overrides()
    change(&overrides)
    return Planner.plan([Planner.Input(orders)], schema: "s", overrides: overrides).tables[0]
  }

  @Test func `names of tables and columns are found without regard to case`() {
    let plan = plan {
      $0.set("orders", at: "") { $0.rename = "customer_orders" }
      $0.set("ORDERS", "total", at: "") {
        $0.rename = "amount"
        $0.type = .numeric(nil)
      }
    }
    #expect(plan.targetName == "customer_orders")
    #expect(plan.sourceName == "Orders")
    #expect(plan.columns.map(\.targetName) == ["id", "amount", "who"])
    #expect(plan.columns.map(\.type) == [.bigint, .numeric(nil), .bigint])
    #expect(plan.keyName == "customer_orders_pkey")
  }

  @Test func `names in lower case`() {
    let plan = plan { $0.lowerCaseNames = true }
    #expect(plan.targetName == "orders")
    #expect(plan.columns.map(\.targetName) == ["id", "total", "who"])
  }

  @Test func `what flags say goes before what the file says, setting by setting`() {
    var file = Overrides()
    file.types = .strict
    file.setZone("Europe/Berlin", at: "file")
    file.set("t", "c", at: "file, line 3") {
      $0.type = .date
      $0.rename = "d"
    }
    var flags = Overrides()
    flags.set("T", "C", at: "--type") { $0.type = .timestamp }
    let both = file.merged(with: flags)
    #expect(both.settings(of: "c", in: "t").type == .timestamp)
    #expect(both.settings(of: "c", in: "t").zone == "Europe/Berlin")
    #expect(both.targetName(of: "c", in: "t") == "d")
    #expect(both.types == .strict)
    #expect(both.place(of: "t", "c") == "--type")
  }

  @Test func `a foreign key may join integers of different widths`() {
    var overrides = Overrides()
    overrides.types = .strict
    let child = table(
      "lines", [id, column("order_id", "INTEGER")], foreignKeys: [foreignKey(["order_id"], to: "Orders")], id: 2)
    let plan = Planner.plan([Planner.Input(orders), Planner.Input(child)], schema: "s", overrides: overrides)
    #expect(plan.tables[1].columns[1].type == .integer)
    #expect(plan.tables[1].foreignKeys.count == 1)
  }

  @Test func `a foreign key's column is text where the key it refers to had to be`() {
    let parent = table("p", [column("k", "UUID")], key: .columns([term("k")]), indexes: [primaryKey("k")])
    let child = table("c", [id, column("p", "UUID")], foreignKeys: [foreignKey(["p"], to: "p", ["k"])], id: 2)
    let plan = Planner.plan([Planner.Input(parent), Planner.Input(child)], schema: "s")
    #expect(plan.tables[0].columns[0].type == .keyText)
    #expect(plan.tables[1].columns[1].type == .anyText)
    #expect(plan.tables[1].foreignKeys.count == 1)
  }

  @Test func `columns that stay out leave the image, not the triggers`() {
    var left = orders
    left.indexes = [unique("u", term("Total"))]
    left.exclude(["total"])
    #expect(left.imageColumns == ["id", "who"])
    #expect(Set(left.whole.columns.map(\.name)) == ["id", "Total", "who"])
    let plan = Planner.plan([Planner.Input(left)], schema: "s").tables[0]
    #expect(plan.columns.map(\.sourceName) == ["id", "who"])
    #expect(plan.notes == ["index 'u' is left out: its column 'Total' stays out"])
  }

  @Test func `citext stands where the extension does, and its indexes fold by themselves`() {
    let names = table(
      "n", [id, column("c", "TEXT", collation: "NOCASE")],
      indexes: [index("i", term("c", "NOCASE")), index("j", term("c"))])
    let plan = Planner.plan(
      [Planner.Input(names, holding: ["c": .text])], schema: "s", citext: Citext(schema: "ext")
    ).tables[0]
    #expect(plan.columns[1].type == .citext)
    #expect(plan.columns[1].typeSQL == "\"ext\".citext")
    #expect(plan.indexes.map(\.terms) == ["\"c\"", "((\"c\"::text COLLATE \"C\"))"])
  }
}
