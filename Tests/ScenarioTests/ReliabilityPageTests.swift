import TestSupport
import Testing

/// docs/reliability.md says nothing that no test does.
struct ReliabilityPageTests {
  private static let folders = ["ScenarioTests", "JournalTests"]

  @Test func `every row of the page on reliability names a test that there is`() throws {
    let page = Files.text("\(Files.checkout)/docs/reliability.md")
    var named = 0
    for line in page.split(separator: "\n") where line.hasPrefix("|") {
      let cells = line.split(separator: "|").map { String($0).trimmed }
      guard let last = cells.last, last != "test", !last.hasPrefix("---") else { continue }
      let parts = last.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
      guard parts.count == 2 else {
        Issue.record("a row without a test: \(line)")
        continue
      }
      let suites = Self.folders.map { Files.text("\(Files.checkout)/Tests/\($0)/\(parts[0]).swift") }
      #expect(suites.contains { $0.after("func `\(parts[1])`(") != nil }, "\(last)")
      named += 1
    }
    #expect(named > 30)
  }
}
