import Conversion
import FoundationEssentials
import Capture
import Model
import SQLite
import Schema

/// Learns the habits of a table's columns from its rows, and keeps them in the source: a table that is emptied later keeps
/// its habits.
struct HabitSurvey {
  /// The newest rows tell how the application writes today.
  private static let rows = 1_000
  /// Columns that are NULL in all of those are looked for in as many of the oldest.
  private static let moreRows = 20_000

  private let table: SourceTable
  private let plan: TablePlan

  init(_ table: SourceTable, _ plan: TablePlan) {
    self.table = table
    self.plan = plan
  }

  /// A habit a column of the image, empty where none is needed. Inside the transaction that applies.
  func habits(in database: borrowing Database) throws -> [Habit] {
    if let kept = try kept(in: database) { return kept }
    let habits = try survey(database)
    if habits.contains(where: { !$0.isEmpty }) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let named = zip(plan.columns, habits).filter { !$1.isEmpty }.map { ($0.sourceName, $1) }
      let text = String(decoding: try encoder.encode(Dictionary(named, uniquingKeysWith: { a, _ in a })), as: UTF8.self)
      try SourceInstallation.set(setting, .text(text), in: database)
    }
    return habits
  }

  private var setting: String { "\(Self.settingPrefix)\(table.id)" }
  private static let settingPrefix = "habits_"

  /// Forgets what an earlier switch found.
  static func forget(in database: borrowing Database) throws {
    try database.execute("DELETE FROM \(SourceNames.meta) WHERE substr(name, 1, 7) = '\(settingPrefix)'")
  }

  private func kept(in database: borrowing Database) throws -> [Habit]? {
    guard case .text(let text)? = try SourceInstallation.setting(setting, in: database),
      let named = try? JSONDecoder().decode([String: Habit].self, from: Data(text))
    else { return nil }
    return plan.columns.map { named[$0.sourceName] ?? Habit() }
  }

  private func survey(_ database: borrowing Database) throws -> [Habit] {
    var tallies = plan.columns.map { _ in HabitTally() }
    let wanted = plan.columns.indices.filter { ReturningColumn.needsHabit(plan.columns[$0]) }
    try read(wanted, newest: true, rows: Self.rows, into: &tallies, database)
    try read(wanted.filter { tallies[$0].isEmpty }, newest: false, rows: Self.moreRows, into: &tallies, database)
    return tallies.map(\.habit)
  }

  private func read(
    _ columns: [Int], newest: Bool, rows: Int, into tallies: inout [HabitTally], _ database: borrowing Database
  ) throws {
    if columns.isEmpty { return }
    let codecs = try columns.map { try ColumnCodec(plan.columns[$0]) }
    let names = columns.map { SQLiteText.identifier(plan.columns[$0].sourceName) }.joined(separator: ", ")
    let statement = try database.prepare(
      "SELECT \(names) FROM \(SQLiteText.identifier(table.name))\(newest ? " ORDER BY \(order)" : "") LIMIT \(rows)")
    var scratch = WireBuffer()
    while try statement.step() {
      for (place, column) in columns.enumerated() {
        let value = statement.view(place)
        if case .null = value { continue }
        scratch.removeAll()
        guard let spelling = try? Conversion.write(value, as: codecs[place], to: &scratch), scratch.count > 4 else {
          continue
        }
        let field = UnsafeRawBufferPointer(rebasing: scratch.bytes[4...])
        tallies[column].note(spelling, isWhole: Conversion.isWhole(field, as: plan.columns[column].type))
      }
    }
  }

  /// By the rowid or the key, which need no sorting.
  private var order: String {
    if case .rowid(let rowid)? = KeyChoice.rowidKey(of: table) { return "\(rowid) DESC" }
    return table.keyPositions.map { "\(SQLiteText.identifier(table.columns[$0].name)) DESC" }.joined(separator: ", ")
  }
}
