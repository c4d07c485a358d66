import Apply
import Capture
import Model
import Postgres
import ReverseApply
import SQLite
import Schema

/// The quarantine of the way back, which is in the SQLite file.
extension QuarantineDesk {
  /// Logs the rows' keys on the target, whose rows are the ones that count.
  func retryBack(_ selection: Selection, _ session: Session) throws -> Outcome {
    let found = try findBack(selection, session)
    var connection = try connect()
    for plan in session.record.plan.tables {
      let keys = found.filter { $0.tableID == plan.id }.compactMap { $0.keyFields(plan) }
      let log = ReverseLog(plan, of: session.record.source, session.catalogue)
      for start in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
        try connection.execute("BEGIN; \(connection.localSettings)")
        try log.log(Array(keys[start..<min(start + Self.keysAtOnce, keys.count)]), &connection)
        try connection.execute("COMMIT")
      }
    }
    return Outcome(try found.map { try QuarantineEntry($0, session.record.plan, withImage: false) })
  }

  func discardBack(_ selection: Selection, undo: Bool, execute: Bool, _ session: Session) throws -> Outcome {
    let found = try findBack(selection, session).filter { ($0.discardedAt != nil) == undo }
    if execute, !found.isEmpty {
      let database = try SourceFile.openForWriting(source)
      try ReverseQuarantine.setDiscarded(!undo, found, in: database)
    }
    return Outcome(try found.map { try QuarantineEntry($0, session.record.plan, withImage: false) })
  }

  private func findBack(_ selection: Selection, _ session: Session) throws -> [ReverseQuarantine.Entry] {
    let database = try SourceFile.openForReading(source)
    var found: [(row: ReverseQuarantine.Entry, entry: QuarantineEntry)] = []
    try ReverseQuarantine.forEach(in: database) { row in
      let entry = try QuarantineEntry(row, session.record.plan, withImage: false)
      if selection.holds(entry) { found.append((row, entry)) }
    }
    try requireFound(selection, found.map(\.entry), session)
    return found.map(\.row)
  }
}

extension QuarantineEntry {
  /// A row of the source's own quarantine.
  init(_ entry: ReverseQuarantine.Entry, _ plan: TargetPlan, withImage: Bool) throws {
    let table = plan.tables.first { $0.id == entry.tableID }
    self.init(
      missingInSQLite: entry.tableID, table: entry.table, keyText: entry.keyText, column: entry.column,
      reason: entry.reason, firstSeen: entry.firstSeen, lastSeen: entry.lastSeen, discardedAt: entry.discardedAt,
      key: table.flatMap { entry.keyFields($0) } ?? [], image: withImage ? table.map { entry.values($0) } : nil)
  }
}
