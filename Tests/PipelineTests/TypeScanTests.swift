import Model
import Pipeline
import Schema
import Testing

/// What a scan of a real file learns, and what types follow from it.
struct TypeScanTests {
  private let bench: ScanBench

  init() throws { bench = try ScanBench() }

  @Test func `counts, ranges and lengths`() throws {
    let (_, result) = try bench.scan(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, v);
      INSERT INTO t (v) VALUES (NULL), (-3), (9007199254740993), (0.5), (9e999), ('größe'), (''), ('a' || char(0)),
        (CAST(x'ff' AS TEXT)), (x'00010203');
      """)
    let facts = result.facts[1]
    #expect(result.rows == 10)
    #expect(facts.counts.null == 1)
    #expect(facts.counts.integer == 2)
    #expect(facts.counts.real == 2)
    #expect(facts.counts.text == 4)
    #expect(facts.counts.blob == 1)
    #expect(facts.integers == -3...9_007_199_254_740_993)
    #expect(facts.wideIntegers == 1)
    #expect(facts.reals == 0.5...0.5)
    #expect(facts.infinities == 1)
    #expect(facts.longestText == 5)
    #expect(facts.longestBlob == 4)
    #expect(facts.emptyTexts == 1)
    #expect(facts.textsWithNUL == 1)
    #expect(facts.invalidTexts == 1)
    #expect(facts.leastText == [])
    #expect(facts.greatestText == [0xFF])
    #expect(facts.candidates.isEmpty)
  }

  @Test(arguments: ["", "WITHOUT ROWID"])
  func `a sample reads about as many rows as asked for, and says so`(kind: String) throws {
    let (_, result) = try bench.scan(
      """
      CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v INT) \(kind);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      INSERT INTO t SELECT i * 7, i FROM n;
      """, sample: 500)
    #expect(result.rows == 10_000)
    let sampled = try #require(result.facts[1].sampledRows)
    #expect(result.facts[1].counts.integer == sampled)
    #expect((400...600).contains(sampled))
    if kind.isEmpty { #expect(try #require(result.facts[1].integers).upperBound > 9_000) }
  }
}
