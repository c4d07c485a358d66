import Glibc
import Model
import Testing

@testable import ReverseApply

/// Rows a second, printed and not judged: `CHANGEOVER_SPEED=1 swift test -c release -Xswiftc -enable-testing`.
@Suite(.enabled(if: getenv("CHANGEOVER_SPEED") != nil, "CHANGEOVER_SPEED is not set"), .serialized)
struct SpeedTests {
  private static let rows: Int64 = 100_000
  private static let schema = """
    CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, n INT, r REAL, at DATETIME, ok BOOLEAN, price DECIMAL(9,2));
    CREATE INDEX items_n ON items (n);
    INSERT INTO items VALUES (1, 'a', 1, 0.5, '2024-01-01T00:00:00Z', 't', 1.25)
    """

  private func images(_ salt: Int64) -> [[Value]] {
    (1...Self.rows).map { row -> [Value] in
      let number: Value = .integer((row ^ 0x5555) + salt)
      let (third, price): (Value, Value) = (.real(Double(row) / 3), .real(Double(row % 10_000) / 4))
      let ok: Value = row % 2 == 0 ? "t" : "f"
      return [
        .integer(row), "some text of forty characters, or nearly.", number, third, "2024-05-05T10:00:00Z", ok, price,
      ]
    }
  }

  private func measure(_ what: String, _ bench: ReturnBench, _ entries: [ReturnBench.Entry]) throws {
    let group = try bench.journaled(entries, entriesInPart: 25_000)
    let started = ContinuousClock.now
    try bench.apply(group)
    let seconds = started.duration(to: .now) / .seconds(1)
    print("\(what): \(entries.count) rows in \(seconds) s, \(Int(Double(entries.count) / seconds)) rows/s")
    #expect(try bench.quarantine() == [])
  }

  @Test func `rows of many types`() throws {
    let bench = try ReturnBench(Self.schema)
    try measure("insert", bench, images(0).map { .row("items", $0) })
    try measure("update", bench, images(1).map { .row("items", $0) })
    try measure("unchanged", bench, images(1).map { .row("items", $0) })
    try measure("replace", bench, [.replace("items")] + images(2).map { .row("items", $0) })
    try measure("delete", bench, (1...Self.rows).map { .gone("items", [.integer($0)]) })
  }

  @Test func `rows that have to wait for each other`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, place INTEGER UNIQUE);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(Self.rows)) INSERT INTO t SELECT i, i FROM n
      """)
    try measure("shift", bench, (1...Self.rows).map { .row("t", [.integer($0), .integer($0 + 1)]) })
  }
}
