import Apply
import Model
import Postgres
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct InstallerTests {
  private let items = table("items", [id, column("a", "TEXT")], indexes: [index("items_a", term("a"))])

  private func plan(_ schema: String, _ tables: [SourceTable]? = nil) -> TargetPlan {
    Planner.plan((tables ?? [items]).map { Planner.Input($0) }, schema: schema)
  }

  @discardableResult
  private func install(
    _ plan: TargetPlan, source: RandomID = .random(), _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> SourceRecord {
    try TargetInstaller.create(
      plan, source: source, label: "test.db", owner: .random(),
      base: Position(group: GroupNumber(3), sequence: ChangeNumber(30), nonce: -7), catalogue, &connection)
  }

  /// Everything that stands outside the system's schemas.
  private func everything(_ connection: inout Connection) throws -> [String] {
    let result = try connection.query(
      """
      SELECT 'relation ' || n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      UNION ALL SELECT 'function ' || n.nspname || '.' || p.proname FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
      UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
      ORDER BY 1
      """)
    return try (0..<result.rowCount).map { try result.string($0, 0) }
  }

  // MARK: Creation

  @Test func `creates the catalogue, the tables and the record, and removes them without a trace`() throws {
    let database = try Database()
    var connection = try TestServer.connect(database.uri())
    #expect(try TargetInstaller.currentSchema(&connection) == "public")
    #expect(try TargetCatalogue.find(&connection, schema: "public") == nil)
    let catalogue = try TargetCatalogue.choose(&connection, schema: "public")
    #expect(catalogue == .own)
    let parent = table("parent", [id], id: 2)
    let child = table("child", [id, column("p", "INT")], foreignKeys: [foreignKey(["p"], to: "parent")], id: 3)
    let plan = plan("public", [items, parent, child])
    try TargetInstaller.checkRights(schema: "public", &connection)
    try TargetInstaller.checkIsFree(plan, &connection)
    let record = try install(plan, catalogue, &connection)
    #expect(try TargetCatalogue.find(&connection, schema: "public") == .own)
    let stored = try #require(try SourceRecord.read(record.source, catalogue, &connection))
    #expect(stored.plan == plan)
    #expect(stored.applied == record.applied)
    #expect(stored.owner == record.owner)
    #expect(stored.epoch == 1)
    #expect(stored.phase == .preparing)
    #expect(stored.switchID == nil)
    #expect(try SourceRecord.read(.random(), catalogue, &connection) == nil)
    #expect(try CopyProgress.read(record.source, catalogue, &connection).map(\.step) == [.rows, .rows, .rows])
    let ddl = DDL(plan)
    for table in plan.tables {
      try connection.execute(ddl.addKey(table))
      for key in table.foreignKeys { try connection.execute(ddl.addForeignKey(key, on: table)) }
    }
    try TargetInstaller.remove(record, catalogue, &connection)
    #expect(try everything(&connection) == [])
    // And again from the start.
    try TargetInstaller.remove(install(plan, catalogue, &connection), catalogue, &connection)
    #expect(try everything(&connection) == [])
  }

  @Test func `a creation that fails leaves nothing, and the connection at rest`() throws {
    let database = try Database()
    var connection = try TestServer.connect(database.uri())
    try connection.execute("CREATE TABLE \"Taken\" ()")
    let before = try everything(&connection)
    let taken = table("Taken", [id], id: 2)
    #expect(
      try postgresError { try install(plan("public", [items, taken]), .own, &connection) }?.sqlState == "42P07")
    #expect(try everything(&connection) == before)
    #expect(connection.transactionStatus == .idle)
    // One that fails behind the tables: the same source twice.
    let source = RandomID.random()
    try install(plan("public"), source: source, .own, &connection)
    let installed = try everything(&connection)
    try connection.execute("CREATE SCHEMA other")
    #expect(
      try postgresError { try install(plan("other"), source: source, .own, &connection) }?.sqlState != nil)
    #expect(try everything(&connection) == installed + ["schema other"])
  }

  /// Case 38.
  @Test func `two sources share one target`() throws {
    let database = try Database()
    var connection = try TestServer.connect(database.uri())
    try connection.execute("CREATE SCHEMA one; CREATE SCHEMA two")
    let before = try everything(&connection)
    let first = try install(plan("one"), .own, &connection)
    let second = try install(plan("two"), .own, &connection)
    #expect(try TargetCatalogue.choose(&connection, schema: "two") == .own)
    try TargetInstaller.remove(first, .own, &connection)
    #expect(try SourceRecord.read(first.source, .own, &connection) == nil)
    #expect(try SourceRecord.read(second.source, .own, &connection)?.plan == second.plan)
    #expect(try postgresError { try connection.execute("INSERT INTO two.items VALUES (1, 'a')") }?.sqlState == "CO002")
    try TargetInstaller.remove(second, .own, &connection)
    #expect(try everything(&connection) == before)
  }

  @Test func `removes only what it was told, and only for its owner`() throws {
    let target = try Target(items)
    var other = target.record
    other.epoch = 2
    #expect(
      try postgresError { try TargetInstaller.remove(other, target.catalogue, &target.connection) }?.isSuperseded
        == true)
    try target.run("UPDATE \(target.catalogue.source) SET phase = 'switched'")
    #expect(
      try postgresError { try TargetInstaller.remove(target.record, target.catalogue, &target.connection) }?
        .isSuperseded == true)
    #expect(try target.rows(items).isEmpty)
    try target.run("UPDATE \(target.catalogue.source) SET phase = 'syncing'")
    try target.run("CREATE VIEW \(target.schema).theirs AS SELECT a FROM \(target.name(items))")
    #expect(
      try postgresError { try TargetInstaller.remove(target.record, target.catalogue, &target.connection) }?.sqlState
        == "2BP01")
    #expect(try target.storedPosition() != nil)
    try target.run("DROP VIEW \(target.schema).theirs")
    try TargetInstaller.remove(target.record, target.catalogue, &target.connection)
    #expect(
      try target.scalar("SELECT count(*) FROM pg_class WHERE relnamespace = '\(target.schema)'::regnamespace")
        == .integer(0))
  }

  // MARK: Roles

  /// Case 38.
  @Test func `an ordinary role puts the catalogue into its own schema`() throws {
    let database = try Database()
    let role = try Role()
    let stranger = try Role()
    var admin = try TestServer.connect(database.uri())
    try admin.execute("CREATE SCHEMA app AUTHORIZATION \(role.name)")
    let before = try everything(&admin)
    var connection = try TestServer.connect(database.uri(user: role.name))
    try connection.execute("SET search_path = app")
    #expect(try TargetInstaller.currentSchema(&connection) == "app")
    try TargetInstaller.checkRights(schema: "app", &connection)
    let catalogue = try TargetCatalogue.choose(&connection, schema: "app")
    #expect(catalogue == .inside("app"))
    try TargetInstaller.checkIsFree(plan("app"), &connection)
    let record = try install(plan("app"), catalogue, &connection)
    #expect(try TargetCatalogue.find(&connection, schema: "app") == .inside("app"))
    #expect(try everything(&admin).contains { $0.contains("changeover.") } == false)
    // A stranger sees none of it.
    var other = try TestServer.connect(database.uri(user: stranger.name))
    #expect(try TargetCatalogue.find(&other, schema: "app") == nil)
    try TargetInstaller.remove(record, catalogue, &connection)
    #expect(try everything(&admin) == before)
  }

  /// Case 38.
  @Test func `a role that owns the database makes the schema, others keep out of it`() throws {
    let role = try Role()
    let tenant = try Role()
    let database = try Database(owner: role.name)
    var connection = try TestServer.connect(database.uri(user: role.name))
    var admin = try TestServer.connect(database.uri())
    try admin.execute("CREATE SCHEMA app AUTHORIZATION \(role.name)")
    try admin.execute("CREATE SCHEMA tenant AUTHORIZATION \(tenant.name)")
    let catalogue = try TargetCatalogue.choose(&connection, schema: "app")
    #expect(catalogue == .own)
    let record = try install(plan("app"), catalogue, &connection)
    var other = try TestServer.connect(database.uri(user: tenant.name))
    #expect(try TargetCatalogue.find(&other, schema: "tenant") == nil)
    let theirs = try TargetCatalogue.choose(&other, schema: "tenant")
    #expect(theirs == .inside("tenant"))
    let second = try install(plan("tenant"), theirs, &other)
    #expect(try TargetCatalogue.find(&other, schema: "tenant") == theirs)
    try TargetInstaller.remove(second, theirs, &other)
    try TargetInstaller.remove(record, catalogue, &connection)
    #expect(try everything(&admin) == ["schema app", "schema tenant"])
  }

  @Test func `a schema made for it beforehand is used, and kept`() throws {
    let database = try Database()
    let role = try Role()
    var admin = try TestServer.connect(database.uri())
    try admin.execute("CREATE SCHEMA app AUTHORIZATION \(role.name); CREATE SCHEMA changeover")
    var connection = try TestServer.connect(database.uri(user: role.name))
    #expect(try TargetCatalogue.choose(&connection, schema: "app") == .inside("app"))
    try admin.execute("GRANT USAGE ON SCHEMA changeover TO \(role.name)")
    #expect(try TargetCatalogue.choose(&connection, schema: "app") == .inside("app"))
    try admin.execute("GRANT CREATE ON SCHEMA changeover TO \(role.name)")
    #expect(try TargetCatalogue.choose(&connection, schema: "app") == .own)
    let record = try install(plan("app"), .own, &connection)
    try TargetInstaller.remove(record, .own, &connection)
    #expect(try everything(&admin) == ["schema app", "schema changeover"])
    // A schema of that name with other things in it is somebody else's.
    try admin.execute("CREATE TABLE changeover.theirs ()")
    #expect(try TargetCatalogue.choose(&connection, schema: "app") == .inside("app"))
  }

  @Test func `missing rights are told with the statement that grants them`() throws {
    let database = try Database()
    let role = try Role()
    var admin = try TestServer.connect(database.uri())
    try admin.execute("CREATE SCHEMA \"Their own\"; GRANT CREATE ON SCHEMA \"Their own\" TO \(role.name)")
    var connection = try TestServer.connect(database.uri(user: role.name))
    func check(_ schema: String) throws -> Failure? {
      try failure { try TargetInstaller.checkRights(schema: schema, &connection) }
    }
    #expect(try check("nowhere")?.message == "the target has no schema 'nowhere'")
    let refused = try check("Their own")
    #expect(refused?.status == .configuration)
    #expect(refused?.message == "role '\(role.name)' may not create tables in schema 'Their own'")
    let grant = "GRANT CREATE, USAGE ON SCHEMA \"Their own\" TO \"\(role.name)\";"
    #expect(refused?.remedy.hasSuffix(grant) == true)
    try admin.execute(grant)
    #expect(try check("Their own") == nil)
    try admin.execute("REVOKE TEMPORARY ON DATABASE \(database.name) FROM PUBLIC")
    let temporary = try check("Their own")
    #expect(temporary?.message == "role '\(role.name)' may not create temporary tables on the target")
    let second = "GRANT TEMPORARY ON DATABASE \"\(database.name)\" TO \"\(role.name)\";"
    #expect(temporary?.remedy.hasSuffix(second) == true)
    try admin.execute(second)
    #expect(try check("Their own") == nil)
    try connection.execute("SET search_path = nowhere")
    #expect(try failure { _ = try TargetInstaller.currentSchema(&connection) }?.status == .configuration)
  }

  @Test func `a database of another encoding is refused`() throws {
    var admin = try TestServer.connect()
    let name = TestServer.name("changeover_latin")
    try admin.execute(
      "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    defer { try? admin.execute("DROP DATABASE \(name) WITH (FORCE)") }
    var connection = try TestServer.connect(TestServer.uri(database: name))
    let error = try failure { try TargetInstaller.checkRights(schema: "public", &connection) }
    #expect(error?.message == "the target database's encoding is SQL_ASCII; SQLite's text needs UTF8")
  }

  // MARK: What is there already

  /// Case 36.
  @Test func `a name that is taken is told, with what has it`() throws {
    let database = try Database()
    var connection = try TestServer.connect(database.uri())
    let plan = plan("public")
    func found(_ sql: String) throws -> String? {
      try connection.execute(sql)
      let error = try failure { try TargetInstaller.checkIsFree(plan, &connection) }
      #expect(error == nil || error?.status == .configuration)
      return error?.message
    }
    #expect(try found("SELECT 1") == nil)
    #expect(
      try found("CREATE TABLE items (id int)") == "the target already has a table 'items' in schema 'public'")
    #expect(
      try found("INSERT INTO items VALUES (1)")
        == "the target already has a non-empty table 'items' in schema 'public'")
    #expect(
      try found("DROP TABLE items; CREATE VIEW items AS SELECT 1")
        == "the target already has a view 'items' in schema 'public'")
    #expect(
      try found("DROP VIEW items; CREATE TABLE theirs (a int); CREATE INDEX items_a ON theirs (a)")
        == "the name 'items_a', which table 'items' needs, is taken in the target's schema 'public' by another index")
    #expect(
      try found("DROP INDEX items_a; CREATE SEQUENCE items_id_seq")
        == "the name 'items_id_seq', which table 'items' needs, is taken in the target's schema 'public' by another sequence"
    )
    #expect(
      try found("DROP SEQUENCE items_id_seq; ALTER TABLE theirs ADD CONSTRAINT items_pkey PRIMARY KEY (a)")
        == "the name 'items_pkey', which table 'items' needs, is taken in the target's schema 'public' by another index"
    )
    #expect(try found("DROP TABLE theirs; CREATE SCHEMA other; CREATE TABLE other.items ()") == nil)
  }

  @Test func `a table that this role may not read is still told`() throws {
    let database = try Database()
    let role = try Role()
    var admin = try TestServer.connect(database.uri())
    try admin.execute("CREATE TABLE items AS SELECT 1; GRANT CREATE ON SCHEMA public TO \(role.name)")
    var connection = try TestServer.connect(database.uri(user: role.name))
    let error = try failure { try TargetInstaller.checkIsFree(plan("public"), &connection) }
    #expect(error?.message == "the target already has a table 'items' in schema 'public'")
  }

  /// Case 13.
  @Test func `a table that is too wide is told beforehand, the widest that fits is taken`() throws {
    func wide(_ columns: Int) -> SourceTable {
      table("wide", (0..<columns).map { column("c\($0)", "INT") }, key: .rowid(alias: "rowid"))
    }
    let target = try Target([], isReady: false)
    let error = try failure {
      try TargetInstaller.checkIsFree(plan(target.schema, [wide(1_597)]), &target.connection)
    }
    #expect(error?.message == "table 'wide' has 1598 columns; the target takes 1597 at most")
    let widest = wide(1_596)
    try TargetInstaller.checkIsFree(plan(target.schema, [widest]), &target.connection)
    let other = try Target(widest)
    let image = (0..<1_596).map { _ in Value.null } + [.one]
    try other.apply([.upsert(widest, image)], by: .staged)
    try other.apply([.upsert(widest, image.dropLast() + [.two])], by: .small)
    #expect(try other.scalar("SELECT count(*) FROM \(other.name(widest))") == .two)
  }
}
