import Capture
import FoundationEssentials
import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import ReverseApply

/// Databases of the world, whose rows must stay byte for byte what they are when nobody touched them.
@Suite(.enabled(if: getenv("CHANGEOVER_TEST_DATA") != nil))
struct RealDatabaseTests {
  private static let rowsOfTable = 2_000

  @Test(arguments: ["chinook.sqlite", "northwind.sqlite", "sakila.db"])
  func `rows that nobody touched keep value and storage class`(_ name: String) throws {
    let folder = try #require(getenv("CHANGEOVER_TEST_DATA").map { String(cString: $0) })
    let directory = try TemporaryDirectory()
    let (original, path) = (directory.file("original.db"), directory.file("shop.db"))
    for copy in [original, path] { try Files.copy("\(folder)/\(name)", to: copy) }
    let bench = try ReturnBench(in: directory)
    try bench.database.execute("ATTACH \(SQLiteText.literal(original)) AS original")
    var images: [String: [[Value]]] = [:]
    for table in bench.installation.tables {
      images[table.name] = try bench.rows(
        "SELECT \(table.imageExpressions) FROM \(SQLiteText.identifier(table.name)) LIMIT \(Self.rowsOfTable)")
    }
    // A group over all of them, in which nothing changed.
    let all = images.flatMap { table, rows in rows.map { ReturnBench.Entry.row(table, $0) } }
    try bench.apply(all, entriesInPart: 5_000)
    #expect(try bench.quarantine() == [])
    for table in bench.installation.tables { #expect(try differences(table, bench) == 0, "\(table.name)") }
    // Some rows go and come back: the others do not notice.
    var random = SeededRandom(seed: 48)
    var gone: [ReturnBench.Entry] = []
    var back: [ReturnBench.Entry] = []
    for table in bench.installation.tables {
      for row in images[table.name] ?? [] where random.isOne(in: 5) {
        gone.append(.gone(table.name, table.keyPositions.map { row[$0] }))
        back.append(.row(table.name, row))
      }
    }
    try bench.apply(gone)
    try bench.apply(back)
    #expect(try bench.quarantine() == [])
    for table in bench.installation.tables { #expect(try differences(table, bench) == 0, "\(table.name) refilled") }
  }

  /// Rows that are not what they were, storage class and bytes, by SQLite's own words.
  private func differences(_ table: SourceTable, _ bench: ReturnBench) throws -> Int64 {
    let name = SQLiteText.identifier(table.name)
    let columns = table.imageExpressions.split(separator: ", ").map { "quote(\($0)) || typeof(\($0))" }
      .joined(separator: ", ")
    func rows(_ schema: String) -> String { "SELECT \(columns) FROM \(schema).\(name)" }
    guard
      case .integer(let count)? = try bench.value(
        """
        SELECT (SELECT count(*) FROM (\(rows("main")) EXCEPT \(rows("original"))))
          + (SELECT count(*) FROM (\(rows("original")) EXCEPT \(rows("main"))))
          + abs((SELECT count(*) FROM main.\(name)) - (SELECT count(*) FROM original.\(name)))
        """)
    else { return -1 }
    return count
  }
}
