import Apply
import Capture
import Model
import Postgres
import ReverseApply
import SQLite
import Schema

/// What people do with a quarantine: look at its rows, have them tried again, give them up.
package struct QuarantineDesk: Sendable {
  /// Which rows are meant.
  package struct Selection: Sendable {
    /// Nil for all tables.
    package var table: String?
    /// Keys as the list shows them; empty for all.
    package var keys: [String]

    package init(table: String?, keys: [String]) {
      self.table = table
      self.keys = keys
    }

    func holds(_ entry: QuarantineEntry) -> Bool {
      (table.map { $0 == entry.table } ?? true) && (keys.isEmpty || keys.contains(entry.keyText))
    }
  }

  /// What was done, and to how many rows of which table.
  package struct Outcome: Sendable {
    package var rows: [(table: String, count: Int)] = []
    package var isSyncRunning = false
    package var total: Int { rows.reduce(0) { $0 + $1.count } }

    init(_ entries: [QuarantineEntry]) {
      for entry in entries {
        if let last = rows.indices.last, rows[last].table == entry.table {
          rows[last].count += 1
        } else {
          rows.append((entry.table, 1))
        }
      }
    }
  }

  /// Keys logged in one transaction: the application waits meanwhile.
  static let keysAtOnce = 500

  let source: String
  private let target: ConnectionTarget
  private let state: String
  private let targetSchema: String?

  package init(source: String, target: ConnectionTarget, state: String, targetSchema: String?) {
    self.source = source
    self.target = target
    self.state = state
    self.targetSchema = targetSchema
  }

  /// Calls `body` with each row and, where they are asked for, its columns' names: first what PostgreSQL does not take,
  /// then what did not come back into SQLite.
  package func list(
    _ selection: Selection, withValues: Bool, _ body: (QuarantineEntry, [String]) throws -> Void
  ) throws {
    try explained {
      let session = try open()
      if session.record.phase == .finished { return }
      func show(_ entry: QuarantineEntry) throws {
        guard selection.holds(entry) else { return }
        let plan = session.record.plan.tables.first { $0.id == entry.tableID }
        try body(entry, plan?.columns.map(\.sourceName) ?? [])
      }
      var connection = try connect()
      try QuarantineEntry.forEach(
        of: session.record.source, withImages: withValues, session.catalogue, &connection, show)
      let database = try SourceFile.openForReading(source)
      try ReverseQuarantine.forEach(in: database) { entry in
        try show(QuarantineEntry(entry, session.record.plan, withImage: withValues))
      }
    }
  }

  /// Logs the rows' keys as changes of the authority: the stream brings their current images and tries those.
  package func retry(_ selection: Selection) throws -> Outcome {
    try explained {
      let session = try open()
      var outcome: Outcome
      switch session.record.phase {
      case .preparing, .syncing: outcome = try retryForward(selection, session)
      case .switched: outcome = try retryBack(selection, session)
      case .switching, .switchingBack, .finished: throw Self.isBetween
      }
      outcome.isSyncRunning = try StateDirectory(existing: state).map { try $0.syncLock.tryAcquire() == nil } ?? false
      return outcome
    }
  }

  private func retryForward(_ selection: Selection, _ session: Session) throws -> Outcome {
    let entries = try find(selection, session)
    let database = try SourceFile.openForWriting(source)
    for start in stride(from: 0, to: entries.count, by: Self.keysAtOnce) {
      let some = entries[start..<min(start + Self.keysAtOnce, entries.count)]
      try database.transaction(.immediate) { database in
        guard let installation = try SourceInstallation.read(database), installation.switchID == nil,
          installation.source == session.record.source
        else { throw Self.isBetween }
        for entry in some { try installation.log(entry.key, of: entry.tableID, in: database) }
      }
    }
    return Outcome(entries)
  }

  /// Marks the rows as given up, so that they no longer block the switch; `undo` takes that back.
  package func discard(_ selection: Selection, undo: Bool, execute: Bool) throws -> Outcome {
    try explained {
      let session = try open()
      switch session.record.phase {
      case .preparing, .syncing: break
      case .switched: return try discardBack(selection, undo: undo, execute: execute, session)
      case .switching, .switchingBack, .finished: throw Self.isBetween
      }
      let entries = try find(selection, session).filter { ($0.discardedAt != nil) == undo }
      if execute, !entries.isEmpty {
        var connection = try connect()
        try QuarantineEntry.setDiscarded(!undo, entries, of: session.record.source, session.catalogue, &connection)
      }
      return Outcome(entries)
    }
  }

  private func find(_ selection: Selection, _ session: Session) throws -> [QuarantineEntry] {
    var connection = try connect()
    var entries: [QuarantineEntry] = []
    try QuarantineEntry.forEach(of: session.record.source, withImages: false, session.catalogue, &connection) {
      if selection.holds($0) { entries.append($0) }
    }
    try requireFound(selection, entries, session)
    return entries
  }

  /// Throws where what a person named is not there.
  func requireFound(_ selection: Selection, _ entries: [QuarantineEntry], _ session: Session) throws {
    if let missing = selection.keys.first(where: { key in !entries.contains { $0.keyText == key } }) {
      throw Failure(
        .checkFailed, "no row with the key \(missing) is in the quarantine",
        remedy: "changeover quarantine list shows tables and keys as they are to be named")
    }
    if let table = selection.table, !session.record.plan.tables.contains(where: { $0.sourceName == table }) {
      throw Failure(.usage, "no table '\(table)' moves", remedy: "name it as SQLite does")
    }
  }

  static let isBetween = Failure(
    .checkFailed, "a switch goes on, or the move is finished: no rows travel now",
    remedy: "changeover status tells where the move stands")

  struct Session {
    var record: SourceRecord
    var catalogue: TargetCatalogue
  }

  private func open() throws -> Session {
    let installation = try { () throws -> SourceInstallation? in
      let database = try SourceFile.openForReading(source)
      return try SourceInstallation.read(database)
    }()
    guard let installation else {
      throw Failure(
        .configuration, "\(source) is not prepared: no changeover sync has run on it",
        remedy: "start one: changeover sync --source \(source)")
    }
    var connection = try connect()
    let schema = try targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SourceRecord.read(installation.source, catalogue, &connection)
    else {
      throw Failure(
        .configuration, "the target knows nothing of this source", remedy: "check --target and --target-schema")
    }
    return Session(record: record, catalogue: catalogue)
  }

  func connect() throws(PostgresError) -> Connection {
    try Connection(target, applicationName: "changeover quarantine", stop: StopSignal(), timeoutSeconds: 10)
  }

  private func explained<R>(_ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as SQLiteError {
      throw error.failure(path: source)
    } catch let error as PostgresError {
      throw error.failure(operation: "look into the quarantine of", subject: target.safeDescription)
    }
  }
}
