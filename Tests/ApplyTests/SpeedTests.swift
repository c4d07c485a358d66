import Apply
import Glibc
import Model
import Schema
import SchemaFixtures
import ServerFixtures
import Testing

/// Rows a second, printed and not judged: `CHANGEOVER_SPEED=1 swift test -c release -Xswiftc -enable-testing`.
@Suite(
  .enabled(if: TestServer.isThere && getenv("CHANGEOVER_SPEED") != nil, "CHANGEOVER_SPEED is not set"), .serialized)
struct SpeedTests {
  private static let rows = 200_000
  private let items = table(
    "items", [id, column("a", "TEXT"), column("n", "INT"), column("r", "REAL"), column("t", "TEXT")],
    indexes: [index("items_n", term("n"))])

  private func measure(_ what: String, _ target: Target, parts: Int, rows: Int, delete: Bool = false, salt: Int) throws
  {
    let text = Array("some text of forty characters, or nearly.".utf8)
    let group = try target.write(parts) { part, encoder in
      try encoder.declare(items.journal)
      for row in (part * rows / parts)..<((part + 1) * rows / parts) {
        if delete {
          encoder.beginDelete(items.id)
          encoder.integer(Int64(row))
          continue
        }
        encoder.beginUpsert(items.id)
        encoder.integer(Int64(row))
        text.withUnsafeBytes { encoder.text($0) }
        encoder.integer(Int64(row ^ 0x5555 + salt))
        encoder.real(Double(row) / 3)
        encoder.null()
      }
    }
    let started = ContinuousClock.now
    try target.apply(group)
    let seconds = started.duration(to: .now) / .seconds(1)
    print("\(what): \(rows) rows in \(seconds) s, \(Int(Double(rows) / seconds)) rows/s")
  }

  @Test func `a staged group`() throws {
    let target = try Target(items)
    try measure("insert", target, parts: 4, rows: Self.rows, salt: 0)
    try measure("update", target, parts: 4, rows: Self.rows, salt: 1)
    try measure("unchanged", target, parts: 4, rows: Self.rows, salt: 1)
    try measure("delete", target, parts: 4, rows: Self.rows, delete: true, salt: 0)
  }

  @Test func `a staged group with a row that the server refuses`() throws {
    let target = try Target(items)
    try target.run("ALTER TABLE \(target.name(items)) ADD CHECK (id <> 77777)")
    try measure("insert with a refused row", target, parts: 4, rows: Self.rows, salt: 0)
  }

  @Test func `small groups`() throws {
    let target = try Target(items)
    for rows in [1, 10, 100, 1_000, 4_900] {
      try measure("small group, insert", target, parts: 1, rows: rows, salt: rows)
    }
    for rows in [1, 10, 100, 1_000, 4_900] {
      try measure("small group, update", target, parts: 1, rows: rows, salt: rows + 1)
    }
  }
}
