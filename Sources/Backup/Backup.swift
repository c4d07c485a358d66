import Glibc
import Model
import Pipeline

/// A backup on disk: a folder with the database file, its schema as SQL, and a manifest that tells what they hold.
///
/// The folder gets its name last, by a rename: a backup that was interrupted has none that anybody takes for one.
package struct Backup: Sendable {
  /// The folder.
  package let path: String
  package let manifest: BackupManifest

  static let databaseName = "database.sqlite"
  static let schemaName = "schema.sql"
  static let manifestName = "manifest.json"

  package var databasePath: String { path + "/" + Self.databaseName }
  var schemaPath: String { path + "/" + Self.schemaName }

  /// Where backups go unless somebody says otherwise.
  package static func defaultDirectory(state: String) -> String { state + "/backups" }

  init(path: String, manifest: BackupManifest) {
    self.path = path
    self.manifest = manifest
  }

  /// Makes a backup beside live writers, and proves it unless told not to.
  ///
  /// Throws without leaving anything behind: where the disk is too small, the source cannot be read, the copy differs from
  /// it, or `stop` was requested (`Stopped`). What SQLite finds wrong inside a faithful copy is no error but in the manifest.
  package static func make(
    _ order: BackupOrder, stop: StopSignal = StopSignal(), clock: any WallClock = SystemClock(),
    onProgress: @escaping (BackupProgress) -> Void = { _ in }
  ) throws -> Backup {
    try BackupWriter(order: order, stop: stop, clock: clock, onProgress: onProgress).write()
  }

  /// Reads a backup's manifest; the database itself is looked at by `check`.
  package init(opening path: String) throws(Failure) {
    let path = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let bytes = AtomicFile.read(path + "/" + Self.manifestName) else {
      throw Failure(
        .badData, "\(path) is not a backup: it has no \(Self.manifestName) that can be read",
        remedy: "name the backup's folder; changeover backup list tells which there are")
    }
    self.init(path: path, manifest: try BackupManifest(reading: bytes, of: path))
  }

  /// The backups in a directory, oldest first. What is being written, or was never finished, is none.
  package static func list(in directory: String) throws(Failure) -> [Backup] {
    var backups: [Backup] = []
    for name in try BackupFolder.names(in: directory) where BackupFolder.isFinished(name) {
      let path = directory + "/" + name
      guard access(path + "/" + manifestName, F_OK) == 0 else { continue }
      backups.append(try Backup(opening: path))
    }
    return backups.sorted { ($0.manifest.createdAt, $0.path) < ($1.manifest.createdAt, $1.path) }
  }
}
