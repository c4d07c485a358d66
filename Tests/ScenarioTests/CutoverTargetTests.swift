import Testing

/// The target: closed before the switch, open and recording after it.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverTargetTests {
  private static let writes = [
    "INSERT INTO account (email) VALUES ('early')", "INSERT INTO account SELECT * FROM account WHERE false",
    "UPDATE account SET balance = 0", "UPDATE account SET balance = 0 WHERE false", "DELETE FROM account",
    "TRUNCATE account", "TRUNCATE account CASCADE", "COPY account (email) FROM '/dev/null'",
    "INSERT INTO slot VALUES (1, 1, 'early') ON CONFLICT DO NOTHING",
    "MERGE INTO slot USING slot s ON slot.id = s.id WHEN MATCHED THEN DELETE",
    "SET LOCAL session_replication_role = replica; DELETE FROM line",
  ]

  /// Case 44: an early writer.
  @Test func `it is closed to its owner and to a superuser until the switch`() throws {
    try Scenario.run { it in
      // The owner is an ordinary role.
      let role = "owner_\(it.database)"
      try it.psql("CREATE ROLE \(role) LOGIN PASSWORD 'x'; GRANT CREATE, USAGE ON SCHEMA public TO \(role);")
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      try it.psql("GRANT CREATE, TEMP ON DATABASE \(it.database) TO \(role)")
      it.url = it.server.url(database: it.database, user: role, password: "x")
      try it.prepareCopied()
      let version = try #require(Int(it.psql("SHOW server_version_num")))
      for statement in Self.writes where version >= 150_000 || !statement.hasPrefix("MERGE") {
        #expect(try !it.isTargetWritable(statement), "\(statement)")
        if !statement.contains("session_replication_role"), !statement.hasPrefix("COPY") {
          #expect(try !it.isTargetWritable("SET LOCAL ROLE \(role); \(statement)"), "\(statement)")
        }
      }
      #expect(throws: Program.Failed.self) {
        try it.psql("DELETE FROM account")
      }
      #expect(try it.psql("SELECT count(*) FROM account") == "60", "reading is free")
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      for statement in Self.writes where version >= 150_000 || !statement.hasPrefix("MERGE") {
        #expect(try it.isTargetWritable(statement), "\(statement)")
      }
    }
  }

  /// Case 45: what a way back needs is recorded from the first write on.
  @Test func `it records the keys of the application's writes from the first one on`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 5)
      #expect(try it.cutover("--execute", "--on-switch", "true").status == 0)
      func log(_ table: String, _ keys: String) throws -> String {
        let id = try it.sqlite("SELECT id FROM _changeover_table WHERE name = '\(table)'")
        let log = try it.psql(
          "SELECT relname FROM pg_class WHERE relname LIKE 'change\\_%\\_\(id)' AND relkind = 'r'")
        return try it.psql("SELECT op, \(keys) FROM changeover.\(log) ORDER BY ctid")
      }
      #expect(try log("account", "k0") == "", "our own writes are not the application's")
      try it.psql(
        """
        INSERT INTO account (email) VALUES ('new');
        UPDATE account SET id = 77 WHERE id = 2;
        BEGIN; DELETE FROM account WHERE id = 3; ROLLBACK;
        DELETE FROM account WHERE id = 4;
        INSERT INTO line VALUES (9, 1, 'x', 1), (9, 2, 'x', 1);
        INSERT INTO event (kind) VALUES ('new');
        TRUNCATE slot;
        """)
      #expect(try log("account", "k0") == "1|6\n2|77\n2|2\n3|4")
      #expect(try log("line", "k0, k1") == "1|9|1\n1|9|2")
      #expect(try log("event", "k0") == "1|6")
      #expect(try log("slot", "k0") == "4|")
      #expect(try log("product", "k0") == "")
    }
  }
}
