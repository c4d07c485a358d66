import ArgumentParser
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
    Terminal.print("next        \(report.next)")
  }

  private static func meaning(of phase: Phase) -> String {
    switch phase {
    case .preparing: "the first copy is not finished, SQLite is the authority"
    case .syncing: "PostgreSQL follows, SQLite is the authority"
    case .switching: "a switch has begun and is not recorded as decided"
    case .switched: "PostgreSQL is the authority, SQLite is closed for writing"
    }
  }
}
