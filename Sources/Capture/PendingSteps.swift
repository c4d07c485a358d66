import FoundationEssentials
import Model
import SQLite

/// The steps of the schema that were taken up after a change and that no group carries yet.
struct PendingSteps: Equatable {
  private var steps: [(sequence: ChangeNumber, step: TableStep)] = []

  init() {}

  init(after sequence: ChangeNumber, in database: borrowing Database) throws {
    let decoder = JSONDecoder()
    try database.forEach(
      "SELECT seq, step FROM \(SourceNames.step) WHERE seq > ?1 ORDER BY seq, rowid", [.integer(sequence.rawValue)]
    ) { row in
      let step = try row.withText(1) { try decoder.decode(TableStep.self, from: Data($0)) }
      steps.append((ChangeNumber(row.integer(0)), step))
    }
  }

  static func == (a: PendingSteps, b: PendingSteps) -> Bool {
    a.steps.elementsEqual(b.steps) { $0.sequence == $1.sequence && $0.step == $1.step }
  }

  var isEmpty: Bool { steps.isEmpty }

  /// The change that the last step was taken up with.
  var last: ChangeNumber? { steps.last?.sequence }

  /// One step a table: where several came together the last decides, and rows are copied where one step of theirs was not
  /// carried over before the next.
  var merged: [TableStep] {
    var merged: [TableStep] = []
    for (_, step) in steps {
      guard let place = merged.firstIndex(where: { $0.table == step.table }) else {
        merged.append(step)
        continue
      }
      merged[place].name = step.name
      switch step.action {
      case .altered: if !merged[place].isEnding { merged[place].action = .copied(reason: "it changed several times") }
      case .copied, .held, .removed: merged[place].action = step.action
      }
    }
    return merged
  }

  func change(_ tables: [SourceTable]) -> SchemaChange { SchemaChange(steps: merged, tables: tables) }

  var copiedTables: Set<TableID> {
    Set(merged.filter { if case .copied = $0.action { true } else { false } }.map(\.table))
  }

  func copied(of tables: [SourceTable]) -> [SourceTable] {
    let ids = copiedTables
    return tables.filter { ids.contains($0.id) }
  }
}

extension SourceInstallation {
  /// Whether the schema of a table was taken up since a change.
  package static func hasSteps(
    of table: TableID, after sequence: ChangeNumber, in database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    try database.scalar(
      "SELECT 1 FROM \(SourceNames.step) WHERE tbl = ?1 AND seq > ?2",
      [.integer(table.rawValue), .integer(sequence.rawValue)]) != nil
  }
}

extension TableStep {
  /// Whether nothing of the table follows.
  fileprivate var isEnding: Bool {
    switch action {
    case .held, .removed: true
    case .altered, .copied: false
    }
  }
}
