import Model
import SQLite
import TestSupport
import Testing

@testable import ReverseApply

/// Full-text indexes, which the application's triggers keep in step and ours do not (case 48).
struct FullTextTests {
  @Test func `indexes over other tables are built anew, the others are named`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT);
      CREATE VIRTUAL TABLE five USING fts5(body, content='doc', content_rowid='id');
      CREATE VIRTUAL TABLE "fo ur" USING fts4(content="doc", body);
      CREATE VIRTUAL TABLE own5 USING fts5(body);
      CREATE VIRTUAL TABLE own3 USING fts3(body);
      CREATE VIRTUAL TABLE bare USING fts5(body, content='');
      CREATE VIRTUAL TABLE place USING rtree(id, x0, x1);
      CREATE TRIGGER doc_insert AFTER INSERT ON doc BEGIN INSERT INTO five (rowid, body) VALUES (NEW.id, NEW.body); END;
      INSERT INTO doc VALUES (1, 'hello world'); INSERT INTO "fo ur" ("fo ur") VALUES ('rebuild')
      """)
    try bench.apply(.row("doc", [1, "good morning"]), .row("doc", [2, "good night"]))
    func found(_ table: String, _ word: String) throws -> [[Value]] {
      try bench.rows("SELECT rowid FROM \"\(table)\" WHERE \"\(table)\" MATCH '\(word)' ORDER BY 1")
    }
    #expect(try found("five", "good") == [])
    let report = try bench.database.transaction(.immediate) { try FullText.rebuild(in: $0) }
    #expect(report == FullText.Report(rebuilt: ["five", "fo ur"], stale: ["bare", "own3", "own5"]))
    for table in ["five", "fo ur"] {
      #expect(try found(table, "good") == [[1], [2]])
      #expect(try found(table, "hello") == [])
    }
  }

  @Test func `a tokenizer of the application's own is named`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO doc VALUES (1, 'a')",
      "CREATE VIRTUAL TABLE f USING fts5(body, content='doc', tokenize='unicode61')")
    try bench.database.execute(
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'unicode61', 'finnish') WHERE name = 'f'
      """)
    let other = try Database(path: bench.path, access: .readWrite)
    let failure = #expect(throws: Failure.self) { _ = try FullText.rebuild(in: other) }
    #expect(failure?.message.contains("'f'") == true)
    #expect(failure?.message.contains("finnish") == true)
  }

  @Test func `statements are read as SQLite reads them`() {
    func content(_ sql: String) -> FullTextTable.Content? { FullTextTable(sql: sql)?.content }
    #expect(content("CREATE VIRTUAL TABLE IF NOT EXISTS main.f USING FTS5 (a, b, content = docs)") == .elsewhere)
    #expect(content("CREATE VIRTUAL TABLE f USING fts5(content)") == .own)
    #expect(content("CREATE VIRTUAL TABLE f USING fts5(content UNINDEXED, content='x')") == .elsewhere)
    #expect(content("CREATE VIRTUAL TABLE f USING fts4(a, content=)") == FullTextTable.Content.none)
    #expect(content("CREATE VIRTUAL TABLE f USING fts4(content=\"\", a)") == FullTextTable.Content.none)
    #expect(content("CREATE VIRTUAL TABLE f USING rtree(a, b, c)") == nil)
    #expect(content("CREATE TABLE f (content)") == nil)
    #expect(FullTextTable(sql: "create virtual table \"a \"\"b\" using fts5(x)")?.name == "a \"b")
  }
}
