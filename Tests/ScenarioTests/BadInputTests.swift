import Glibc
import TestSupport
import Testing

/// What is wrong is said in one clear line with its remedy, and nothing is half-done in either store.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct BadInputTests {
  private static let password = "s3cr3t-Pa55"

  /// Runs sync, which is to refuse with this status and these words.
  private func expectRefusal(
    _ it: Scenario, _ status: Int32, _ words: [String], arguments: [String] = [], environment: [String: String] = [:],
    command: [String] = [Scenario.binary], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = (try? it.sourceSchema(), try it.targetObjects())
    let result = try Program.run(
      command + ["sync", "--until-caught-up"] + arguments, environment: it.environment.merging(environment) { $1 })
    let said = result.output + result.errors
    #expect(result.status == status, "\(said)", sourceLocation: sourceLocation)
    for word in words { #expect(said.contains(word), "'\(word)' in: \(said)", sourceLocation: sourceLocation) }
    let complaints = said.split(separator: "\n").filter { $0.hasPrefix("changeover: error: ") }
    #expect(complaints.count == 1, "\(said)", sourceLocation: sourceLocation)
    #expect(complaints.first?.contains("; ") == true, "a remedy in: \(said)", sourceLocation: sourceLocation)
    #expect(!said.contains(Self.password), "\(said)", sourceLocation: sourceLocation)
    if let schema = before.0 {
      let after = try it.sourceSchema()
      #expect(after == schema, sourceLocation: sourceLocation)
    }
    #expect(try it.targetObjects() == before.1, sourceLocation: sourceLocation)
  }

  private func smallSource(_ it: Scenario) throws {
    try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a');")
  }

  @Test func `a source that is not there, not a file, empty or not a database`() throws {
    try Scenario.run { it in
      try expectRefusal(it, 69, ["cannot open the source", "no such file", "--source"])
      it.source = it.directory
      try expectRefusal(it, 65, ["is not a file"])
      it.source = it.directory + "/empty.db"
      try Files.write("", to: it.source)
      try expectRefusal(it, 65, ["is empty"])
      it.source = it.directory + "/text.db"
      try Files.write("this is a text and not a database, whatever its name says\n", to: it.source)
      try expectRefusal(it, 65, ["not a SQLite database", "encrypted"])
      it.source = it.directory + "/encrypted.db"
      var dice = SeededRandom(seed: 1)
      try Files.write((0..<8192).map { _ in UInt8.random(in: 0 ... .max, using: &dice) }, to: it.source)
      try expectRefusal(it, 65, ["not a SQLite database", "encrypted"])
      // The first page is whole and what follows is not.
      try smallSource(it.replacingSource("damaged.db"))
      try it.sqlite(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, hex(randomblob(40)) FROM n;"
      )
      var bytes = try Files.read(it.source)
      for at in 4096..<(bytes.count - 4096) { bytes[at] = UInt8(truncatingIfNeeded: at) }
      try Files.write(bytes, to: it.source)
      try expectRefusal(it, 65, ["is damaged"])
      it.source = it.directory + "/without.db"
      try it.sqlite("CREATE VIEW v AS SELECT 1;")
      try expectRefusal(it, 65, ["has no table to move"])
    }
  }

  @Test(.enabled(if: Scenario.isRoot, "needs root to become another user"))
  func `a file or directory that may not be written`() throws {
    try Scenario.run { it in
      try smallSource(it)
      chmod(it.directory, 0o755)
      chmod(it.source, 0o444)
      let asNobody = ["runuser", "-u", "nobody", "--", Scenario.binary]
      let state = ["--state", "/tmp/changeover-nobody-\(getpid())"]
      defer { Files.remove(state[1]) }
      try expectRefusal(it, 78, ["cannot write to", "write permission"], arguments: state, command: asNobody)
      chmod(it.source, 0o666)
      try expectRefusal(it, 78, ["cannot write to", "directory"], arguments: state, command: asNobody)
      chmod(it.source, 0)
      try expectRefusal(it, 69, ["cannot open", "permission"], arguments: state, command: asNobody)
      chmod(it.source, 0o666)
      chmod(it.directory, 0o777)
      try expectRefusal(
        it, 78, ["cannot create the state directory", "--state"], arguments: ["--state", "/root/nowhere"],
        command: asNobody)
    }
  }

  @Test func `a target that cannot be reached or does not let us in`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let role = "role_\(it.database)"
      try it.psql("CREATE ROLE \(role) LOGIN PASSWORD '\(Self.password)x'")
      defer { _ = try? it.server.psql("DROP ROLE \(role)") }
      it.url = it.server.url(database: it.database, user: role, password: Self.password)
      try expectRefusal(it, 69, ["the server refused the password", "check the user and the password"])
      it.url = "postgresql://someone:\(Self.password)@no-such-host.invalid/x"
      try expectRefusal(it, 69, ["host name is not known"])
      it.url = "postgresql://someone:\(Self.password)@127.0.0.1:1/x"
      try expectRefusal(it, 69, ["connection refused", "check that PostgreSQL runs there"])
      it.url = it.server.url(database: "no_such_database")
      try expectRefusal(it, 69, ["no such database", "create the database"])
    }
  }

  @Test func `connection strings that are not well-formed show no password`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let strings = [
        "postgresql://someone:\(Self.password)@host:port/x", "postgresql://someone:\(Self.password)@[::1/x",
        "postgresql://someone:\(Self.password)%zz@host/x", "postgresql://someone:pa/\(Self.password)@host/x",
        "host=h passwordd=\(Self.password)", "host=h password='\(Self.password)", "mysql://a:\(Self.password)@b/c",
        "postgresql://h/x?password=\(Self.password)&nonsense=1",
      ]
      for string in strings {
        it.url = string
        try expectRefusal(it, 78, [])
        it.url = it.server.url(database: it.database)
        try expectRefusal(it, 78, [], arguments: ["--target", string])
      }
    }
  }

  @Test func `rights that are missing on the schema`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let role = "role_\(it.database)"
      try it.psql("CREATE ROLE \(role) LOGIN PASSWORD '\(Self.password)'; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      it.url = it.server.url(database: it.database, user: role, password: Self.password)
      try expectRefusal(it, 78, ["may not create tables in schema 'public'", "GRANT CREATE, USAGE ON SCHEMA"])
      try expectRefusal(it, 78, ["has no schema 'elsewhere'"], arguments: ["--target-schema", "elsewhere"])
      // Its own schema is enough: no CREATE on the database.
      try it.psql("CREATE SCHEMA own AUTHORIZATION \(role)")
      let sync = try it.changeover("sync", "--until-caught-up", "--target-schema", "own")
      #expect(sync.status == 0, "\(sync.errors)")
      try it.expectEqual(schema: "own")
    }
  }

  @Test func `names that are taken on the target`() throws {
    try Scenario.run { it in
      try smallSource(it)
      try it.psql("CREATE TABLE t (id int, mine text)")
      try expectRefusal(it, 78, ["'t' has no primary key", "--target-schema"])
      try it.psql("INSERT INTO t VALUES (1, 'x')")
      try expectRefusal(it, 78, ["'t' holds rows already"])
      #expect(try it.psql("SELECT * FROM t") == "1|x")
      try it.psql("DROP TABLE t; CREATE VIEW t AS SELECT 1")
      try expectRefusal(it, 78, ["'t' is a view"])
      try it.psql("DROP VIEW t; CREATE TABLE other (id int); CREATE INDEX t_pkey ON other (id)")
      try expectRefusal(it, 78, ["t_pkey", "is taken"])
    }
  }

  @Test(.enabled(if: Scenario.isRoot, "needs root to mount a small disk"))
  func `a full disk under the journal`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let disk = it.directory + "/disk"
      mkdir(disk, 0o700)
      guard mount("tmpfs", disk, "tmpfs", 0, "size=512k") == 0 else { throw Files.Failed(path: disk, code: errno) }
      defer { umount2(disk, Int32(MNT_DETACH)) }
      try expectRefusal(it, 78, ["No space left", "free some space"], arguments: ["--state", disk + "/state"])
      // It fills up while it streams: the sync ends, and goes on once there is room.
      mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT), "size=4m")
      let sync = try it.startStreaming("--state", disk + "/state")
      try it.sqlite(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 900) INSERT INTO t SELECT i, hex(randomblob(4000)) FROM n;"
      )
      #expect(try sync.wait() == 78, "\(sync.everythingSaid)")
      #expect(sync.errors.contains("No space left") && sync.errors.contains("free s"), "\(sync.errors)")
      mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT), "size=64m")
      let again = try it.changeover("sync", "--until-caught-up", "--state", disk + "/state")
      #expect(again.status == 0, "\(again.errors)")
      try it.expectEqual()
    }
  }

  @Test func `a configuration that says something else than it may`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let file = it.directory + "/changeover.toml"
      func expect(_ toml: String, _ words: String...) throws {
        try Files.write(toml, to: file)
        try expectRefusal(it, 78, words, arguments: ["--config", file])
      }
      try expect("jobs = 1\ntabels = 3\n", "line 2", "'tabels' is not a setting")
      try expect("# one\njobs = \"two\"\n", "line 2", "'jobs' is not a number")
      try expect("\n\nexclude = \"a\"\n", "line 3", "'exclude' is not a list")
      try expect("jobs = 1\ninclude = [1]\n", "line 2", "'include'")
      try expect("jobs = 1\njobs = \n", "line 2")
      try expect("[journal]\nkeep = 1\n", "line 1", "'journal'")
      try expect("target = \"postgresql://a:\(Self.password)@h\nx = 1\n", "line 1")
      try expectRefusal(it, 78, ["cannot read the configuration"], arguments: ["--config", file + "x"])
    }
  }

  @Test func `flags that are not there`() throws {
    try Scenario.run { it in
      for arguments in [
        ["sync", "--nonsense"], ["nonsense"], ["lag", "--max-seconds", "x"], ["sync", "--jobs", "0"],
      ] {
        #expect(try Program.run([Scenario.binary] + arguments, environment: it.environment).status == 64)
      }
      let unnamed = try it.changeover("sync", environment: ["CHANGEOVER_SOURCE": ""])
      #expect(unnamed.status == 64 && unnamed.errors.contains("--source"), "\(unnamed.errors)")
    }
  }

  @Test func `the process list shows no password`() throws {
    try Scenario.run { it in
      try smallSource(it)
      let role = "role_\(it.database)"
      try it.psql("CREATE ROLE \(role) LOGIN PASSWORD '\(Self.password) x'; GRANT CREATE ON SCHEMA public TO \(role)")
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      let pairs =
        "host=\(it.server.host) port=\(it.server.port) user=\(role) dbname=\(it.database) password='\(Self.password) x'"
      let uri = it.server.url(database: it.database, user: role, password: Self.password + "%20x")
      for target in [["--target", pairs], ["--target=" + uri]] {
        let sync = try it.spawn([Scenario.binary, "sync"] + target, environment: it.environment)
        try sync.waitUntilSays("streaming from")
        let shown = Files.text("/proc/\(sync.processID)/cmdline").split(separator: "\0").joined(separator: " ")
        #expect(shown.contains("sync --target"))
        #expect(!shown.contains(Self.password) && !shown.contains(" x'") && !shown.contains("20x"), "\(shown)")
        #expect(try sync.stop() == 0)
        #expect(!sync.everythingSaid.contains(Self.password))
      }
      let journal = it.journalFiles.flatMap { (try? Files.read("\(it.stateDirectory)/journal/\($0)")) ?? [] }
      #expect(!String(decoding: journal, as: UTF8.self).contains(Self.password))
    }
  }
}

extension Scenario {
  /// The same world with another file as the source.
  func replacingSource(_ name: String) -> Scenario {
    source = "\(directory)/\(name)"
    return self
  }
}
