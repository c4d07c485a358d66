import FoundationEssentials
import Glibc
import Model
import Pipeline
import SQLite

extension Backup {
  /// Looks whether the backup is still what its manifest says: the file's bytes, its schema, and every row. Returns what
  /// is wrong.
  package func check(
    stop: StopSignal = StopSignal(), onProgress: @escaping (BackupProgress) -> Void = { _ in }
  ) throws -> [String] {
    var findings: [String] = []
    for log in ["-wal", "-journal"] where access(databasePath + log, F_OK) == 0 {
      findings.append("\(Self.databaseName)\(log) is there: somebody opened the backup to write to it")
    }
    let schema = AtomicFile.read(schemaPath).map { SHA256.digest(of: $0) }
    if schema != manifest.schemaSHA256 { findings.append("\(Self.schemaName) is missing or altered") }
    var status = stat()
    guard stat(databasePath, &status) == 0 else { return findings + ["\(Self.databaseName) is missing"] }
    guard Int64(status.st_size) == manifest.database.bytes else {
      return findings + [
        "\(Self.databaseName) has \(status.st_size) bytes, and had \(manifest.database.bytes) when it was made"
      ]
    }
    let digest = try FileHash.read(databasePath) { _, done in
      try stop.check()
      onProgress(.hashing(bytes: done, of: manifest.database.bytes))
    }
    if digest != manifest.database.sha256 { findings.append("\(Self.databaseName) is altered: its SHA-256 is another") }
    do {
      findings += try checkRows(stop, onProgress)
    } catch let error as SQLiteError {
      try stop.check()
      findings.append("\(Self.databaseName) cannot be read: \(error.message)")
    }
    return findings
  }

  private func checkRows(_ stop: StopSignal, _ onProgress: @escaping (BackupProgress) -> Void) throws -> [String] {
    let database = try Database(path: databasePath, access: .unchanging)
    return try database.interrupting(when: { stop.isRequested }) { database in
      var findings: [String] = []
      let names = try TableReading.tables(of: database)
      if names != manifest.tables.map(\.name) { findings.append("the tables are not those of the manifest") }
      for expected in manifest.tables where names.contains(expected.name) {
        let found = try TableReading.read(expected.name, of: database) {
          onProgress(.reading(table: expected.name, rows: $0))
        }
        // What could not be read in one of the two places says nothing.
        guard found != expected, let rows = found.rows, let expectedRows = expected.rows else { continue }
        findings.append(
          rows == expectedRows
            ? "table '\(expected.name)' holds other values"
            : "table '\(expected.name)' has \(rows) rows, and had \(expectedRows)")
      }
      onProgress(.examining)
      let integrity = try Examination.integrity(of: database) ?? []
      return findings + integrity.filter { !(manifest.integrityFindings ?? []).contains($0) }
    }
  }

  /// The folder and its manifest as one JSON object.
  package var json: String {
    get throws {
      struct Entry: Encodable { let path: String, manifest: BackupManifest }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(Entry(path: path, manifest: manifest)), as: UTF8.self)
    }
  }
}
