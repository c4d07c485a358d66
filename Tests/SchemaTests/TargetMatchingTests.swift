import Model
import Schema
import SchemaFixtures
import Testing

/// Joining a plan with tables that the user made (case 36).
struct TargetMatchingTests {
  private let orders = table(
    "Orders", [id, column("Number", "TEXT", notNull: true), column("paid", "BOOLEAN"), column("at", "DATETIME")],
    indexes: [unique("orders_number", term("Number")), index("orders_at", term("at"))], id: 1)
  private let lines = table(
    "lines", [id, column("order_id", "INTEGER")], foreignKeys: [foreignKey(["order_id"], to: "Orders", ["id"])], id: 2)

  private func found(_ name: String, _ columns: [FoundColumn], key: [String] = ["id"]) -> FoundTable {
    var table = FoundTable(name: name)
    table.columns = columns
    var index = FoundIndex("\(name)_pk", terms: key.map { "\"\($0)\"" }.joined(separator: ", "))
    index.isPrimaryKey = true
    index.isUnique = true
    index.isKey = true
    index.columns = key
    table.indexes = [index]
    return table
  }

  private func foundColumn(
    _ name: String, _ sql: String, _ type: TargetType?, notNull: Bool = false, default value: String? = nil
  ) -> FoundColumn {
    var column = FoundColumn(name, sql, as: type)
    column.notNull = notNull
    column.defaultSQL = value
    return column
  }

  private var standing: FoundTable {
    var serial = foundColumn("id", "integer", .integer, notNull: true, default: "nextval('s.q'::regclass)")
    serial.sequence = "s.q"
    return found(
      "orders",
      [
        foundColumn("at", "timestamp without time zone", .timestamp), foundColumn("number", "citext", .citext),
        foundColumn("row_version", "bigint", .bigint, notNull: true, default: "1"), serial,
        foundColumn("paid", "boolean", .boolean, notNull: true, default: "false"),
      ])
  }

  private func adopt(_ tables: [SourceTable], _ found: [FoundTable]) -> TargetMatching.Outcome {
    TargetMatching(found).adopt(Planner.plan(tables.map { Planner.Input($0) }, schema: "public"))
  }

  @Test func `names are met whatever their case, and types are the table's own`() throws {
    let outcome = adopt([orders, lines], [standing])
    #expect(outcome.problems == [])
    let plan = try #require(outcome.plan.tables.first)
    #expect(plan.isUserMade)
    #expect(plan.targetName == "orders")
    #expect(plan.columns.map(\.sourceName) == ["id", "Number", "paid", "at"])
    #expect(plan.columns.map(\.targetName) == ["id", "number", "paid", "at"])
    #expect(plan.columns.map(\.type) == [.integer, .citext, .boolean, .timestamp])
    #expect(plan.columns.map(\.notNull) == [true, false, true, false])
    #expect(plan.keyName == "orders_pk")
    #expect(plan.isPrimaryKey)
    #expect(plan.indexes == [])
    #expect(plan.kept?.sequences == [KeptSequence(column: "id", sequence: "s.q")])
    #expect(plan.notes.contains { $0.contains("'orders_at' is not on your table") })
    #expect(!outcome.plan.tables[1].isUserMade)
    #expect(outcome.plan.tables[1].foreignKeys.map(\.parentTable) == ["orders"])
  }

  @Test func `an exact name goes before one in another case`() {
    let other = found("ORDERS", [foundColumn("id", "bigint", .bigint)])
    var exact = standing
    exact.name = "Orders"
    let outcome = adopt([orders], [other, exact])
    #expect(outcome.problems == [])
    #expect(outcome.plan.tables[0].targetName == "Orders")
    #expect(adopt([orders], [other, standing]).plan.tables[0].isUserMade == false, "which of both is not guessed")
  }

  @Test func `everything that cannot work is told at once`() {
    var table = standing
    table.columns.removeAll { $0.name == "at" || $0.name == "id" }
    var always = foundColumn("id", "bigint", .bigint, notNull: true)
    always.isAlwaysIdentity = true
    always.isIdentity = true
    table.columns += [always, foundColumn("must", "integer", .integer, notNull: true)]
    table.columns[0] = foundColumn("number", "point", nil)
    table.indexes = []
    let problems = adopt([orders], [table]).problems
    #expect(problems.count == 5, "\(problems)")
    for text in [
      "no column 'at'", "takes no values", "column 'must'", "has the type point", "no primary key or UNIQUE constraint",
    ] {
      #expect(problems.contains { $0.contains(text) }, "\(text)")
    }
  }

  /// What keeps a table from being filled, by what is said of it.
  enum Flaw: String, CaseIterable {
    case view = "is a view"
    case inherited = "inheritance"
    case hidden = "hides rows"
    case rules = "has rules"
    case foreign = "belongs to role"
    case full = "holds rows already"

    func mar(_ table: inout FoundTable) {
      switch self {
      case .view: table.kind = .view
      case .inherited: table.isInherited = true
      case .hidden: table.hidesRows = true
      case .rules: table.hasRules = true
      case .foreign: table.isOwned = false
      case .full: table.hasRows = true
      }
    }
  }

  @Test(arguments: Flaw.allCases) func `a table that cannot be filled is refused`(flaw: Flaw) {
    var table = standing
    flaw.mar(&table)
    let problems = adopt([orders], [table]).problems
    #expect(problems.count == 1)
    #expect(problems.first?.contains(flaw.rawValue) == true, "\(problems)")
  }

  @Test func `a key that takes texts for equal is refused`() {
    let source = table(
      "t", [column("k", "TEXT", notNull: true)], key: .columns([term("k")]), indexes: [primaryKey("k")])
    let problems = adopt([source], [found("t", [foundColumn("k", "citext", .citext, notNull: true)], key: ["k"])])
      .problems
    #expect(problems.count == 1)
    #expect(problems[0].contains("takes texts for equal"))
  }

  @Test func `a table told apart by its rowid needs a column for it`() {
    let source = table("t", [column("a", "TEXT")], key: .rowid(alias: "rowid"))
    let problems = adopt([source], [found("t", [foundColumn("a", "text", .text)], key: ["a"])]).problems
    #expect(problems.contains { $0.contains("ADD COLUMN \"_changeover_rowid\" bigint") }, "\(problems)")
  }

  @Test func `foreign keys and triggers are kept, a key between two tables once`() {
    var parent = standing
    var child = found("lines", [foundColumn("id", "bigint", .bigint), foundColumn("order_id", "integer", .integer)])
    let key = KeptForeignKey(
      name: "fk", table: "\"public\".\"lines\"", tableName: "lines",
      definition: "FOREIGN KEY (order_id) REFERENCES public.orders(id) DEFERRABLE", columns: ["order_id"],
      parentTable: "\"public\".\"orders\"", parentColumns: ["id"])
    var foreign = key
    foreign.table = "\"other\".\"t\""
    foreign.isValid = false
    foreign.definition += " NOT VALID"
    child.foreignKeys = [key]
    child.triggers = [KeptTrigger(name: "t", state: .replica)]
    parent.referencing = [key, foreign]
    let tables = adopt([orders, lines], [parent, child]).plan.tables
    #expect(tables.map { $0.kept?.foreignKeys ?? [] } == [[foreign], [key]])
    #expect(key.creation.hasSuffix("REFERENCES public.orders(id) DEFERRABLE NOT VALID"))
    #expect(foreign.creation.hasSuffix("DEFERRABLE NOT VALID") && !foreign.creation.hasSuffix("NOT VALID NOT VALID"))
    #expect(tables[1].kept?.triggers.map { $0.enabling(on: "t") } == ["ALTER TABLE t ENABLE REPLICA TRIGGER \"t\""])
  }

  @Test(
    arguments: [
      ("numeric", -1, .numeric(nil)), ("numeric", (12 << 16 | 2) + 4, .numeric(NumericLimits(precision: 12, scale: 2))),
      ("numeric", (2 << 16 | 0x7FF) + 4, nil), ("varchar", 54, .varchar(50)), ("varchar", -1, .text),
      ("bpchar", 5, .char(1)), ("bpchar", -1, nil), ("timestamp", -1, .timestamp), ("timestamp", 0, nil),
      ("timestamptz", 6, .timestamptz), ("int2", -1, .smallint), ("float4", -1, .real), ("bool", -1, .boolean),
      ("jsonb", -1, .jsonb), ("uuid", -1, .uuid), ("bytea", -1, .bytea), ("point", -1, nil), ("enum", -1, nil),
    ] as [(String, Int32, TargetType?)])
  func `the server's catalogue names types`(name: String, modifier: Int32, expected: TargetType?) {
    #expect(
      TargetType(catalogued: name, isOfTheSystem: true, isEnumeration: false, modifier: modifier) == expected)
    #expect(TargetType(catalogued: name, isOfTheSystem: false, isEnumeration: false, modifier: modifier) == nil)
  }
}
