import Capture
import Glibc
import Model
import SQLite

/// What the source says of itself in the read transaction that a backup is taken in.
struct SourceState {
  let source: BackupManifest.Source
  let position: BackupManifest.Place?
  let bytes: Int64
  let pageSize: Int64
  let schemaVersion: Int64

  init(_ database: borrowing Database, journalMode: String, of path: String) throws {
    // A table of that name that is another's is no installation.
    let installation = try? SourceInstallation.read(database)
    source = BackupManifest.Source(
      path: Self.absolute(path), id: installation?.source, isFenced: installation?.switchID != nil,
      journalMode: journalMode)
    position = installation == nil ? nil : try Self.position(in: database)
    pageSize = try database.integer("PRAGMA page_size")
    bytes = try database.integer("PRAGMA page_count") * pageSize
    schemaVersion = try database.integer("PRAGMA schema_version")
  }

  static func position(in database: borrowing Database) throws -> BackupManifest.Place? {
    var place: BackupManifest.Place?
    try database.forEach("SELECT seq, nonce FROM \(SourceNames.change) ORDER BY seq DESC LIMIT 1") {
      place = BackupManifest.Place(sequence: $0.integer(0), nonce: String($0.integer(1)))
    }
    return place
  }

  private static func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// SQLite's copy counts the schema's version from 1; the source's is put in its place (bytes 40 to 43 of the header).
  static func write(schemaVersion: Int64, to path: String) throws(Failure) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BackupFolder.failure("write", path) }
    defer { close(descriptor) }
    var bytes = UInt32(truncatingIfNeeded: schemaVersion).bigEndian
    guard pwrite(descriptor, &bytes, 4, 40) == 4 else { throw BackupFolder.failure("write", path) }
  }
}
