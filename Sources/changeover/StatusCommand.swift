import Apply
import ArgumentParser
import Journal
import Model
import Pipeline

/// `changeover status`
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Where the move stands, in words, and what can be done next.")

  @OptionGroup var stores: StoreOptions

  @Flag(help: "One JSON object.")
  var json = false

  func run() throws {
    let configuration = try stores.configuration()
    let report = try StatusReport.look(
      source: try stores.source(configuration), target: try stores.target(configuration),
      state: try stores.state(configuration), targetSchema: stores.targetSchema ?? configuration.targetSchema)
    if json { return Terminal.print(report.json.text) }
    Terminal.print("phase       \(report.phase.map { "\($0.rawValue): \(Self.meaning(of: $0))" } ?? "not known")")
    Terminal.print("lag         \(report.lag.sentence)")
    if report.phase == .finished { return Terminal.print("next        \(report.next)") }
    let open = report.tables.filter { !$0.isCopied }
    Terminal.print("tables      \(report.tables.count), of which \(report.tables.count - open.count) are copied")
    for table in open {
      Terminal.print("            \(table.source): \(table.rowsCopied) of about \(table.rowsExpected) rows")
    }
    for held in report.held {
      Terminal.print("held        \(held.name): \(held.hold.reason); \(held.hold.remedy(held.name))")
    }
    if report.quarantine.isEmpty { Terminal.print("quarantine  empty") }
    for entry in report.quarantine {
      let column = entry.column.map { ", column '\($0)'" } ?? ""
      Terminal.print(
        "quarantine  \(entry.rows) rows of '\(entry.table)'\(column): \(entry.reason) (one has the key \(entry.exampleKey))"
      )
    }
    for deviation in report.lag.deviations {
      Terminal.print("deviation   \(deviation.subject) \(deviation.reason) (\(deviation.waiver))")
    }
    Terminal.print("verify      \(Self.verified(report.lag.verified))")
    if report.lag.unlogged > 0 {
      let last = report.lag.unloggedAt.map { ", the last at \($0.text)" } ?? ""
      Terminal.print(
        "            \(report.lag.unlogged) commits changed SQLite without a logged change\(last): verify judges them")
    }
    Terminal.print("next        \(report.next)")
  }

  private static func verified(_ latest: VerifyRecord.Latest) -> String {
    guard let last = latest.any else { return "never: changeover verify compares both stores" }
    func sentence(_ record: VerifyRecord) -> String {
      let rows = record.tables.reduce(0) { $0 + $1.sourceRows }
      var text =
        "\(TimeSpan.text(record.age)) ago, \(record.isFull ? "all" : record.tables.map(\.name).joined(separator: ", "))"
      text += record.isEqual ? ": equal, \(rows) rows" : ": \(record.differences) of \(rows) rows differ"
      if record.repaired > 0 { text += ", \(record.repaired) repaired" }
      let failed = record.failedChecks.filter { $0 != "row_counts" }
      if !failed.isEmpty { text += "; checks that failed: \(failed.joined(separator: ", "))" }
      return text
    }
    guard let full = latest.full, full.finishedAt != last.finishedAt else { return sentence(last) }
    return sentence(last) + "; " + sentence(full)
  }

  private static func meaning(of phase: Phase) -> String {
    switch phase {
    case .preparing: "the first copy is not finished, SQLite is the authority"
    case .syncing: "PostgreSQL follows, SQLite is the authority"
    case .switching: "a switch has begun and is not recorded as decided"
    case .switched: "PostgreSQL is the authority, SQLite is closed for writing"
    case .switchingBack: "a way back has begun and is not recorded as decided"
    case .finished: "the move is over, PostgreSQL is the authority"
    }
  }
}
