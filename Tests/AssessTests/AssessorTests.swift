import Capture
import Model
import SQLite
import Schema
import TestSupport
import Testing

@testable import Assess

/// What is found in real files, one made for each finding.
@Suite struct AssessorTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var path: String { directory.file("shop.db") }

  private func assess(
    _ statements: [String], showsValues: Bool = false, selection: TableSelection = TableSelection(),
    overrides: Overrides = Overrides(), seconds: Double = 60
  ) throws -> Assessment {
    do {
      let database = try Database(path: path, access: .create)
      for statement in statements { try database.execute(statement) }
    }
    var options = AssessOptions(source: path, selection: selection, overrides: overrides, showsValues: showsValues)
    options.orphanSeconds = seconds
    return try Assessor(options, stop: StopSignal()) { _ in }.run()
  }

  private static let plain = "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT)"

  @Test func `a plain database is GO without a word`() throws {
    let assessment = try assess([
      "PRAGMA journal_mode = WAL", Self.plain, "INSERT INTO plain VALUES (7, 'x'), (9, NULL)",
    ])
    #expect(assessment.isGo)
    #expect(assessment.findings == [])
    let table = try #require(assessment.tables.first)
    #expect((table.name, table.rows, table.key) == ("plain", 2, ["id"]))
    #expect(table.columns.map(\.typeName) == ["bigint", "text"])
    #expect(Holdings.words(table.columns[0].facts) == "integer 7 to 9")
    #expect(Holdings.words(table.columns[1].facts) == "text ≤ 1 character, 1 NULL")
  }

  @Test(
    arguments: [
      (.takenName, nil, ["CREATE TABLE _changeover_mine (x)"]),
      (.takenName, nil, ["CREATE TABLE _changeover_meta (x)"]),
      (
        .keyCannotMove, "t",
        ["CREATE TABLE t (k PRIMARY KEY) WITHOUT ROWID", "INSERT INTO t VALUES (1), ('1')"]
      ),
      (.keyCannotMove, "t", ["CREATE TABLE t (rowid, oid, _rowid_)"]),
      (
        .unreadableTable, "t",
        [
          "CREATE TABLE t (a)", "INSERT INTO t VALUES ('no JSON')",
          "ALTER TABLE t ADD COLUMN b AS (json_extract(a, '$.x'))",
        ]
      ),
      (.nulInText, "t", ["CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES ('a' || char(0))"]),
      (.invalidText, "t", ["CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES (CAST(x'ff' AS TEXT))"]),
      (.longKey, "t", ["CREATE TABLE t (a TEXT PRIMARY KEY)", "INSERT INTO t VALUES (hex(randomblob(2000)))"]),
      (
        .tooManyColumns, "t",
        ["CREATE TABLE t (\((0..<1_600).map { "c\($0)" }.joined(separator: ", ")))"]
      ),
    ] as [(FindingKind, String?, [String])])
  func `what stops the move is NO-GO`(kind: FindingKind, table: String?, statements: [String]) throws {
    let assessment = try assess([Self.plain] + statements)
    #expect(!assessment.isGo)
    let found = assessment.findings.filter { $0.severity == .blocker }
    #expect(found.map(\.kind) == [kind])
    #expect(found.first?.table == table)
  }

  @Test func `a file without a table that moves is NO-GO`() throws {
    let assessment = try assess([Self.plain], selection: TableSelection(exclude: ["*"]))
    #expect(assessment.findings.filter { $0.severity == .blocker }.map(\.kind) == [.nothingToMove])
    #expect(assessment.findings.contains { $0.kind == .excluded && $0.table == "plain" })
  }

  @Test(
    arguments: [
      (.foreignKeyLost, "t", ["CREATE TABLE t (a REFERENCES nowhere (id))"]),
      (.foreignKeyLost, "t", ["CREATE TABLE t (a TEXT REFERENCES plain (name))"]),
      (.mangledUUID, "t", ["CREATE TABLE t (a UUID)", "INSERT INTO t VALUES ('00123456789')"]),
      (.mixedClasses, "t", ["CREATE TABLE t (a)", "INSERT INTO t VALUES (1), ('x')"]),
      (
        .notNullLost, "t",
        [
          "CREATE TABLE t (a)", "INSERT INTO t VALUES (NULL)", "PRAGMA writable_schema = ON",
          "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a NOT NULL)' WHERE name = 't'",
          "PRAGMA writable_schema = RESET",
        ]
      ),
      (.defaultLost, "t", ["CREATE TABLE t (a DEFAULT (random()))"]),
      (.indexDiffers, "t", ["CREATE TABLE t (a)", "CREATE INDEX i ON t (hex(a))"]),
      (.generatedColumn, "t", ["CREATE TABLE t (a, b AS (hex(a)))"]),
      (.almostTyped, "t", ["CREATE TABLE t (a DATE)", "INSERT INTO t VALUES ('2024-01-02'), ('unknown')"]),
      (.numbersAsTimes, "t", ["CREATE TABLE t (a DATETIME)", "INSERT INTO t VALUES (1700000000)"]),
      (.plainerType, "t", ["CREATE TABLE t (a JSON UNIQUE)", "INSERT INTO t VALUES ('{}')"]),
      (.conflictClauseLost, "t", ["CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE)"]),
      (.virtualTable, "t", ["CREATE VIRTUAL TABLE t USING fts5(a)"]),
      (.shadowTable, "t_data", ["CREATE VIRTUAL TABLE t USING fts5(a)"]),
      (.viewLeftOut, "v", ["CREATE VIEW v AS SELECT random()"]),
      (.viewMoves, "v", ["CREATE VIEW v AS SELECT 1"]),
      (.brokenView, "v", ["CREATE VIEW v AS SELECT * FROM nowhere"]),
      (.unknownFunction, "v", ["CREATE VIEW v AS SELECT own(1)"]),
      (.ownTrigger, "t", ["CREATE TABLE t (a)", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END"]),
      (.unseenReplace, "t", ["CREATE TABLE t (a)", "CREATE UNIQUE INDEX u ON t (json_extract(a, '$.x'))"]),
      (.renamed, "t", ["CREATE TABLE t (xmin)"]),
      (.renamed, "\(String(repeating: "ü", count: 32))", ["CREATE TABLE \(String(repeating: "ü", count: 32)) (a)"]),
      (
        .longIndexEntry, "t",
        ["CREATE TABLE t (a TEXT)", "CREATE INDEX i ON t (a)", "INSERT INTO t VALUES (hex(zeroblob(2000)))"]
      ),
      (.hiddenKey, "t", ["CREATE TABLE t (a)"]),
      (.reservedName, "order", ["CREATE TABLE \"order\" (id INTEGER PRIMARY KEY)"]),
      (.reservedName, "t", ["CREATE TABLE t (id INTEGER PRIMARY KEY, \"user\")"]),
      (.caseInName, nil, ["CREATE TABLE Items (id INTEGER PRIMARY KEY)"]),
      (.collidingCase, nil, ["CREATE TABLE ä (id INTEGER PRIMARY KEY)", "CREATE TABLE Ä (id INTEGER PRIMARY KEY)"]),
      (.collation, "t", ["CREATE TABLE t (a TEXT COLLATE NOCASE)"]),
      (.autoincrement, "t", ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"]),
      (.strictTable, "t", ["CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT"]),
      (.withoutRowid, "t", ["CREATE TABLE t (id INT PRIMARY KEY) WITHOUT ROWID"]),
      (.journalMode, nil, []),
      (.encoding, nil, ["PRAGMA encoding = 'UTF-16'"]),
    ] as [(FindingKind, String?, [String])])
  func `what should be known is said, and is GO`(kind: FindingKind, table: String?, statements: [String]) throws {
    let assessment = try assess(statements + [Self.plain])
    #expect(assessment.isGo, "\(assessment.findings)")
    #expect(assessment.findings.contains { $0.kind == kind && $0.table == table }, "\(assessment.findings)")
  }

  @Test func `orphans are counted over all chunks, with the key of one`() throws {
    let assessment = try assess([
      Self.plain, "CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES plain)",
      "INSERT INTO plain (id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) SELECT i FROM n",
      "INSERT INTO child SELECT id, id FROM plain", "UPDATE child SET parent = NULL WHERE id = 5",
      "DELETE FROM plain WHERE id IN (5, 30000, 45000)",
    ])
    let orphans = assessment.findings.filter { $0.kind == .orphans }
    #expect(orphans.map(\.count) == [2])
    #expect(orphans.first?.exampleKey == "id = 30000")
    #expect(orphans.first?.column == "parent")
    #expect(assessment.isGo)
  }

  @Test func `orphans of a table without rowid, and over two columns, are found too`() throws {
    let assessment = try assess([
      "CREATE TABLE p (a, b, UNIQUE (a, b))", "INSERT INTO p VALUES (1, 2)",
      "CREATE TABLE c (k TEXT PRIMARY KEY, a, b, FOREIGN KEY (a, b) REFERENCES p (a, b)) WITHOUT ROWID",
      "INSERT INTO c VALUES ('fine', 1, 2), ('null', 1, NULL), ('lost', 2, 1)",
    ])
    let orphans = assessment.findings.filter { $0.kind == .orphans }
    #expect(orphans.map(\.count) == [1])
    #expect(orphans.first?.exampleKey == "k = 'lost'")
  }

  @Test func `counting orphans gives up when its time is over, and says so`() throws {
    let assessment = try assess(
      [
        "CREATE TABLE p (a UNIQUE)", "CREATE TABLE c (id INTEGER PRIMARY KEY, a REFERENCES p (a))",
        "INSERT INTO c WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT i, i FROM n",
      ], seconds: 0)
    #expect(assessment.findings.contains { $0.kind == .orphansUncounted && $0.column == "a" })
  }

  @Test func `each finding names a row of its own as the example`() throws {
    let assessment = try assess([
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, u UUID)",
      "INSERT INTO t VALUES (1, 'fine', 'no uuid'), (2, CAST(x'ff' AS TEXT), 'nor this'), (3, 'x' || char(0), '0012345678')",
    ])
    func example(_ kind: FindingKind) -> String?? { assessment.findings.first { $0.kind == kind }.map(\.exampleKey) }
    #expect(example(.nulInText) == "id = 3")
    #expect(example(.mangledUUID) == "id = 3")
    // Two reasons in one column: the row that was remembered may be of the other.
    #expect(example(.invalidText) == .some(nil))
  }

  @Test func `what the user says of columns is held against the data`() throws {
    var overrides = Overrides()
    overrides.set("t", "a", at: "--type") { $0.type = .date }
    overrides.set("t", "b", at: "--exclude-column") { $0.isExcluded = true }
    let assessment = try assess(
      ["CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)", "INSERT INTO t VALUES (1, '2024-01-02', 2), (2, 'x', 3)"],
      overrides: overrides)
    #expect(assessment.tables[0].columns.map(\.typeName) == ["bigint", "date"])
    #expect(assessment.findings.contains { $0.kind == .excluded && $0.column == "b" })
    let misfit = assessment.findings.first { $0.kind == .misfit }
    #expect(misfit?.count == 1 && misfit?.exampleKey == "id = 2" && !assessment.isGo)
    overrides.set("nowhere", at: "--rename") { $0.rename = "x" }
    #expect(throws: Failure.self) { try assess([], overrides: overrides) }
  }

  @Test func `examples are named by the key that is declared, also where the rowid takes its place`() throws {
    let assessment = try assess(
      [
        "CREATE TABLE t (k, l, d DATE, PRIMARY KEY (k, l))", "INSERT INTO t VALUES ('1', 2, 'x'), (1, 2, '2024-01-02')",
      ],
      showsValues: true)
    #expect(assessment.tables.first?.key == [SourceTable.hiddenColumn])
    let finding = assessment.findings.first { $0.kind == .almostTyped }
    #expect(finding?.exampleKey == "(k, l) = ('1', 2)")
    #expect(finding?.exampleValue == "'x'")
  }

  @Test func `an asked stop ends it`() throws {
    do {
      let database = try Database(path: path, access: .create)
      try database.execute(Self.plain)
    }
    let stop = StopSignal()
    stop.request()
    #expect(throws: Stopped.self) { try Assessor(AssessOptions(source: path), stop: stop) { _ in }.run() }
  }

  @Test func `the application's own values are shown only when asked for`() throws {
    let statements = [
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a UUID)", "INSERT INTO t VALUES (4, 'secret'), (5, '00123456789')",
    ]
    let quiet = try assess(statements)
    #expect(quiet.findings.allSatisfy { $0.exampleValue == nil })
    for text in [
      quiet.json().text, AssessmentHTML.render(quiet), AssessmentText.render(quiet, width: 80, isColoured: false),
    ] {
      #expect(!text.contains("secret"))
    }
    let open = try assess([], showsValues: true)
    #expect(open.json(showsValues: true).text.contains("secret"))
  }

  @Test func `a file that moved already is NO-GO, and one that is followed is GO`() throws {
    do {
      let database = try Database(path: path, access: .create)
      try database.execute(Self.plain)
      let tables = try SourceCatalogue.read(database).tables
      _ = try SourceInstallation.install(tables, owner: .random(), in: database)
    }
    let followed = try assess([])
    #expect(followed.isGo)
    #expect(followed.findings.contains { $0.kind == .installed })
    #expect(followed.tables.map(\.name) == ["plain"])
    do {
      let database = try Database(path: path, access: .readWrite)
      try #require(try SourceInstallation.read(database)).fence(switchID: .random(), message: "moved", in: database)
    }
    #expect(try assess([]).findings.first?.kind == .alreadyMoved)
  }
}
