import FoundationEssentials
import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import Backup

/// Folders, manifests and full disks.
struct BackupFolderTests {
  private static func source(in directory: TemporaryDirectory, rows: Int = 10) throws -> String {
    let path = directory.file("app.db")
    let database = try Database(path: path, access: .create)
    try database.execute(
      """
      PRAGMA journal_mode = WAL; CREATE TABLE note (id INTEGER PRIMARY KEY, text);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
      INSERT INTO note SELECT i, hex(randomblob(200)) FROM n;
      """)
    return path
  }

  @Test func `a folder that was never finished is no backup, and the next one clears it away`() throws {
    let directory = try TemporaryDirectory()
    let backups = directory.file("backups")
    let order = BackupOrder(source: try Self.source(in: directory), directory: backups)
    let first = try Backup.make(order)
    mkdir(backups + "/20200101T000000Z-dead.unfinished", 0o700)
    try Data(try first.manifest.json).write(
      to: URL(fileURLWithPath: backups + "/20200101T000000Z-dead.unfinished/manifest.json"))
    #expect(try Backup.list(in: backups).map(\.path) == [first.path])
    let second = try Backup.make(order)
    #expect(
      try Set(BackupFolder.names(in: backups))
        == Set([first, second].map { String($0.path.split(separator: "/").last ?? "") }))
    #expect(try Backup.list(in: backups).map(\.manifest.id) == [first, second].map(\.manifest.id))
  }

  @Test func `a folder that is being written is left to its writer`() throws {
    let directory = try TemporaryDirectory()
    let backups = directory.file("backups")
    let source = try Self.source(in: directory)
    let open = try BackupFolder(named: "being-written", in: backups)
    _ = try Backup.make(BackupOrder(source: source, directory: backups))
    #expect(access(open.path, F_OK) == 0)
    open.remove()
    #expect(access(open.path, F_OK) != 0)
  }

  @Test func `a stop leaves nothing behind`() throws {
    let directory = try TemporaryDirectory()
    let backups = directory.file("backups")
    let source = try Self.source(in: directory)
    let stop = StopSignal()
    #expect(throws: Stopped.self) {
      try Backup.make(BackupOrder(source: source, directory: backups), stop: stop) { progress in
        if case .copying = progress { stop.request() }
      }
    }
    #expect(try BackupFolder.names(in: backups) == [])
    let late = StopSignal()
    #expect(throws: Stopped.self) {
      try Backup.make(BackupOrder(source: source, directory: backups), stop: late) { progress in
        if case .hashing = progress { late.request() }
      }
    }
    #expect(try BackupFolder.names(in: backups) == [])
  }

  @Test(arguments: [
    "", "{", "[]", #"{"format": 1}"#, #"{"format": "1"}"#, #"{"format": 1, "id": "x"}"#,
    #"{"format": 1, "tables": [{"name": 5}]}"#, "\u{0}\u{0}",
  ])
  func `a damaged manifest is named as such`(text: String) throws {
    let directory = try TemporaryDirectory()
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file("manifest.json")))
    let failure = #expect(throws: Failure.self) { try Backup(opening: directory.path) }
    #expect(failure?.status == .badData)
    #expect(failure?.message.contains("is damaged") == true)
  }

  @Test func `a manifest of a later format asks for the version that wrote it`() throws {
    let directory = try TemporaryDirectory()
    try Data(#"{"format": 2}"#.utf8).write(to: URL(fileURLWithPath: directory.file("manifest.json")))
    let failure = #expect(throws: Failure.self) { try Backup(opening: directory.path) }
    #expect(failure?.message.contains("format 2") == true)
  }

  @Test func `a table that needs a collation of the application's own is copied, and said to be unread`() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.source(in: directory)
    do {
      let database = try Database(path: path, access: .readWrite)
      try database.execute(
        """
        CREATE TABLE own (name TEXT PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO own VALUES ('a', 1);
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE TABLE own (name TEXT COLLATE mine PRIMARY KEY, n) WITHOUT ROWID'
          WHERE name = 'own';
        """)
    }
    let backup = try Backup.make(BackupOrder(source: path, directory: directory.file("backups")))
    let own = try #require(backup.manifest.tables.first { $0.name == "own" })
    #expect(own.rows == nil)
    #expect(own.unread != nil)
    #expect(backup.manifest.tables.first { $0.name == "note" }?.rows == 10)
    #expect(try backup.check() == [])
  }

  @Test func `a damaged database is copied as it is, and its faults are told`() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.source(in: directory)
    do {
      let database = try Database(path: path, access: .readWrite)
      try database.execute(
        """
        CREATE TABLE t (a); INSERT INTO t VALUES (NULL);
        PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a NOT NULL)' WHERE name = 't';
        """)
    }
    let backup = try Backup.make(BackupOrder(source: path, directory: directory.file("backups")))
    #expect(!backup.manifest.isSound)
    #expect(backup.manifest.integrityFindings == ["NULL value in t.a"])
    #expect(try backup.check() == [], "what was there when it was made is no damage of the backup's")
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"))
  func `a disk without room is refused before anything is written`() throws {
    let directory = try TemporaryDirectory()
    let source = try Self.source(in: directory, rows: 2_000)
    let disk = directory.file("disk")
    mkdir(disk, 0o700)
    try #require(mount("tmpfs", disk, "tmpfs", 0, "size=512k") == 0)
    defer { umount(disk) }
    let failure = #expect(throws: Failure.self) { try Backup.make(BackupOrder(source: source, directory: disk)) }
    #expect(failure?.status == .configuration)
    #expect(failure?.message.contains("has") == true && failure?.message.contains("left") == true)
    #expect(try BackupFolder.names(in: disk) == [])
  }
}
