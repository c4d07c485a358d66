import Model
import Schema
import TestSupport
import Testing

@testable import Verify

/// Rows that the target is known to refuse.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct QuarantineTests {
  private func stores() throws -> Stores {
    try Stores(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
      rows: (1...100).map { [.i($0), $0 % 20 == 0 ? .text("no number") : .i($0)] },
      columns: ["v": (.bigint, Reading())])
  }

  @Test func `rows in the quarantine are named so`() throws {
    let stores = try stores()
    let expected = [20, 40, 60, 80, 100].map { Difference.missing(.i($0), quarantine: .waiting) }
    try stores.expect(expected)
    let found = try stores.compare()
    #expect(found.total == 5 && found.quarantined == 5 && found.discarded == 0 && found.unexplained == 0)
    #expect(!found.isEqual)
  }

  @Test func `discarded rows are named so, and others are not explained by them`() throws {
    let stores = try stores()
    try stores.target.execute(
      "UPDATE \(stores.schema).changeover_quarantine SET discarded_at = now() WHERE key_text = '40'")
    try stores.corrupt(target: "DELETE FROM % WHERE id = 41; INSERT INTO % VALUES (60, 1)")
    var different = Difference.different(.i(60), in: "v")
    different.quarantine = .waiting
    try stores.expect([
      .missing(.i(20), quarantine: .waiting), .missing(.i(40), quarantine: .discarded), .missing(.i(41)), different,
      .missing(.i(80), quarantine: .waiting), .missing(.i(100), quarantine: .waiting),
    ])
    let found = try stores.compare()
    #expect(found.quarantined == 5 && found.discarded == 1 && found.unexplained == 1)
  }

  @Test func `a row that does not fit and is not in the quarantine is simply missing`() throws {
    let stores = try stores()
    try stores.target.execute("DELETE FROM \(stores.schema).changeover_quarantine WHERE key_text <> '20'")
    try stores.expect(
      [Difference.missing(.i(20), quarantine: .waiting)] + [40, 60, 80, 100].map { .missing(.i($0)) })
  }
}
