import Capture
import FoundationEssentials
import Glibc
import Journal
import Model
import Pipeline
import SQLite

/// Makes one backup.
struct BackupWriter {
  /// Copied between two looks at the clock and the stop signal.
  private static let pagesAtOnce: Int32 = 256
  /// Room for the manifest, the schema and the file system's own, beside the database.
  private static let spareBytes: Int64 = 4 << 20

  let order: BackupOrder
  let stop: StopSignal
  let clock: any WallClock
  let onProgress: (BackupProgress) -> Void

  func write() throws -> Backup {
    do {
      return try writeUnexplained()
    } catch let error as SQLiteError {
      try stop.check()
      throw error.failure(path: order.source)
    }
  }

  private func writeUnexplained() throws -> Backup {
    let database = try SourceFile.openLeavingNoTrace(order.source)
    let journalMode = try database.string("PRAGMA journal_mode") ?? ""
    // Every table has been read by the time the transaction ends, or the writers have waited long enough.
    let deadline = journalMode == "wal" ? nil : ContinuousClock.now + .seconds(min(order.pauseLimit, 1e9))
    if deadline != nil { onProgress(.writersWait(limit: order.pauseLimit)) }
    try database.execute("BEGIN")
    defer { database.rollback() }
    _ = try database.integer("SELECT count(*) FROM sqlite_schema")
    let takenAt = clock.now
    let id = RandomID.random()
    let folder = try BackupFolder(named: Self.name(id, takenAt), in: order.directory)
    do {
      let state = try SourceState(database, journalMode: journalMode, of: order.source)
      let proof = try withinLimit(deadline) { try copy(database, state, folder, deadline) }
      database.rollback()
      let manifest = try describe(state, folder, proof, id, takenAt)
      try AtomicFile.write(try manifest.json, to: folder.path + "/" + Backup.manifestName, durable: true)
      try stop.check()
      FaultPoint.reach("backup-before-rename")
      return Backup(path: try folder.finish(), manifest: manifest)
    } catch {
      folder.remove()
      throw error
    }
  }

  /// Everything that needs the read transaction: the pages and, for the proof, what the source's tables hold.
  private func copy(
    _ database: borrowing Database, _ state: SourceState, _ folder: borrowing BackupFolder,
    _ deadline: ContinuousClock.Instant?
  ) throws -> [BackupManifest.Table]? {
    try requireSpace(for: state.bytes + Self.spareBytes, at: folder.path)
    let path = folder.path + "/" + Backup.databaseName
    try copyPages(database, to: path, deadline)
    try SourceState.write(schemaVersion: state.schemaVersion, to: path)
    try BackupFolder.sync(path)
    FaultPoint.reach("backup-copied")
    guard order.checks else { return nil }
    return try database.interrupting(when: { isDue(deadline) }) { try read($0) }
  }

  private func copyPages(
    _ database: borrowing Database, to path: String, _ deadline: ContinuousClock.Instant?
  ) throws {
    let copy = try Database(path: path, access: .create)
    // What is half-written is removed, and what is whole is synced at the end.
    try copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    try database.copyPages(into: copy, atOnce: Self.pagesAtOnce) { done, total in
      try checkLimit(deadline)
      onProgress(.copying(pages: done, of: total))
      FaultPoint.reach("backup-copying")
    }
  }

  private func read(_ database: borrowing Database) throws -> [BackupManifest.Table] {
    var tables: [BackupManifest.Table] = []
    for name in try TableReading.tables(of: database) {
      tables.append(
        try TableReading.read(name, of: database) { onProgress(.reading(table: name, rows: $0)) })
    }
    return tables
  }

  /// Looks at the copy alone; the source's writers wait for nothing any more.
  private func describe(
    _ state: SourceState, _ folder: borrowing BackupFolder, _ proof: [BackupManifest.Table]?, _ id: RandomID,
    _ takenAt: Instant
  ) throws -> BackupManifest {
    let path = folder.path + "/" + Backup.databaseName
    let copy = try Database(path: path, access: .unchanging)
    return try copy.interrupting(when: { stop.isRequested }) { copy in
      let tables = try read(copy)
      if let proof { try Self.compare(tables, with: proof, path: order.source) }
      let schema = try SchemaText.read(copy)
      try AtomicFile.write(Array(schema.utf8), to: folder.path + "/" + Backup.schemaName, durable: true)
      var manifest = BackupManifest(
        id: id, createdAt: takenAt.text, source: state.source, position: state.position,
        database: BackupManifest.DatabaseFile(
          bytes: state.bytes, pageSize: state.pageSize, sha256: try hash(path, bytes: state.bytes)),
        schemaSHA256: SHA256.digest(of: Array(schema.utf8)), tables: tables, sqliteVersion: Database.libraryVersion)
      guard proof != nil else { return manifest }
      onProgress(.examining)
      manifest.isProven = true
      manifest.integrityFindings = try Examination.integrity(of: copy)
      manifest.foreignKeyViolations = try Examination.foreignKeyViolations(in: copy)
      return manifest
    }
  }

  private func hash(_ path: String, bytes: Int64) throws -> String {
    try FileHash.read(path) { _, done in
      try stop.check()
      onProgress(.hashing(bytes: done, of: bytes))
    }
  }

  private static func compare(
    _ copied: [BackupManifest.Table], with source: [BackupManifest.Table], path: String
  ) throws(Failure) {
    guard copied != source else { return }
    let name = zip(copied, source).first { $0 != $1 }.map { "table '\($1.name)'" } ?? "the list of tables"
    throw Failure(
      .internalError, "the copy of \(path) differs from it in \(name)",
      remedy: "it was removed; check the disk and the memory of this machine, then try again")
  }

  private func requireSpace(for bytes: Int64, at path: String) throws(Failure) {
    guard let free = BackupFolder.freeBytes(at: path), free < UInt64(bytes) else { return }
    throw Failure(
      .configuration, "a backup of \(order.source) takes \(bytes) bytes, and \(order.directory) has \(free) left",
      remedy: "free some space there, or name another directory")
  }

  // MARK: The limit, where writers wait

  private func isDue(_ deadline: ContinuousClock.Instant?) -> Bool {
    stop.isRequested || deadline.map { ContinuousClock.now >= $0 } ?? false
  }

  private func checkLimit(_ deadline: ContinuousClock.Instant?) throws {
    try stop.check()
    if isDue(deadline) { throw overtime }
  }

  private func withinLimit<R>(_ deadline: ContinuousClock.Instant?, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as SQLiteError where error.isInterrupted {
      try checkLimit(deadline)
      throw error
    }
  }

  private var overtime: Failure {
    Failure(
      .tryAgain,
      "the backup of \(order.source) kept its writers waiting for \(order.pauseLimit) s, the limit, and was given up",
      remedy:
        "the file has no write-ahead log, so that a reader holds up every commit: raise --pause-limit, shorten the "
        + "reading by --no-check, or let the application use journal_mode=WAL")
  }

  // MARK: Names

  private static func name(_ id: RandomID, _ instant: Instant) -> String {
    let date = Date(timeIntervalSince1970: Double(instant.microseconds) / 1_000_000)
    let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
    return "\(date.formatted(style))-\(id.description.prefix(8))"
  }
}
