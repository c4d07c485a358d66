import FoundationEssentials
import Testing

/// `changeover schema`: print, create, compare.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct SchemaCommandTests {
  private static let source = """
    CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, "order" TEXT NOT NULL DEFAULT 'it''s', code TEXT UNIQUE);
    CREATE TABLE "Odd ""one" (a TEXT COLLATE NOCASE, customer INTEGER REFERENCES customer (id));
    CREATE INDEX odd ON "Odd ""one" (a DESC, customer); CREATE VIRTUAL TABLE page USING fts5(text);
    INSERT INTO customer (code) VALUES ('a'), ('b'); INSERT INTO "Odd ""one" VALUES ('A', 1);
    """

  private struct Comparison: Decodable {
    struct Difference: Decodable {
      let table: String
      let column: String?
      let subject: String
      let planned: String?
      let found: String?
    }
    let equal: Bool
    let differences: [Difference]
  }

  @Test func `what it prints PostgreSQL runs, and needs no target to be printed`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      let printed = try it.changeover("schema", environment: ["DATABASE_URL": "postgresql://127.0.0.1:1/none"])
      #expect(printed.status == 0, "\(printed.errors)")
      #expect(printed.output.contains("  \"order\" text"), "\(printed.output)")
      #expect(printed.output.contains("-- page (virtual table): does not move"), "\(printed.output)")
      try it.psql(printed.output)
      let diff = try it.changeover("schema", "--diff")
      #expect(diff.status == 0, "\(diff.output)\(diff.errors)")
      #expect(try it.changeover("schema").output == printed.output, "the same every time")
    }
  }

  @Test func `it creates the tables, and sync fills them without complaint`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      let schema = try it.sourceSchema()
      let created = try it.changeover("schema", "--apply")
      #expect(created.status == 0, "\(created.errors)")
      #expect(try it.sourceSchema() == schema)
      #expect(try it.changeover("schema", "--apply").status == 78, "they stand there already")
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 0, "\(sync.errors)")
      #expect(!sync.errors.contains("is not"), "\(sync.errors)")
      try it.expectEqual(exclude: ["page", "page_*"])
      #expect(try it.cutover("--execute").status == 0)
      #expect(try it.psql("INSERT INTO customer (code) VALUES ('c') RETURNING id") == "3")
      #expect(
        try it.psql("SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f'")
          == "Odd \"one_customer_fkey|t")
    }
  }

  @Test func `it tells what differs, for people and programs`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.source)
      #expect(try it.changeover("schema", "--apply").status == 0)
      try it.psql(
        """
        ALTER TABLE customer ALTER COLUMN code TYPE varchar(9), ALTER COLUMN "order" DROP NOT NULL,
          ALTER COLUMN "order" SET DEFAULT 'x', ADD COLUMN more int, ADD CHECK (more > 0);
        DROP INDEX odd; CREATE INDEX other ON customer (more); ALTER TABLE "Odd ""one" DROP COLUMN customer;
        CREATE TABLE extra (id int);
        """)
      let diff = try it.changeover("schema", "--diff", "--json")
      #expect(diff.status == 1, "\(diff.errors)")
      let found = try JSONDecoder().decode(Comparison.self, from: Data(diff.output.utf8))
      #expect(!found.equal)
      let lines = Set(found.differences.map { "\($0.table).\($0.column ?? "") \($0.subject)" })
      #expect(
        lines == [
          "customer.code type", "customer.order nullability", "customer.order default", "customer.more column",
          "customer. check", "customer. index", "Odd \"one. index", "Odd \"one.customer column",
          "Odd \"one. foreign_key", "extra. table",
        ], "\(lines)")
      let text = try it.changeover("schema", "--diff")
      #expect(text.status == 1)
      #expect(
        text.output.contains("customer.order: nullability is NULL on the target, NOT NULL in the plan"),
        "\(text.output)")
    }
  }
}
