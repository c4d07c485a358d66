import Glibc
import Model
import SQLite

extension SourceFile {
  /// For commands that must leave no trace beside the file either.
  ///
  /// A reader of a file in WAL mode makes `-wal` and `-shm` where nobody has it open, and only a connection that could
  /// write takes them away again. So there, and only there, it is opened for writing and told to refuse every write.
  package static func openLeavingNoTrace(_ path: String) throws -> Database {
    try checkExists(path)
    guard isLogged(path), access(path + "-wal", F_OK) != 0, access(path, W_OK) == 0,
      access(directory(of: path), W_OK) == 0
    else { return try openForReading(path) }
    let database = try open(path, .readWrite)
    try explained(path) { () throws(SQLiteError) in
      try database.execute("PRAGMA query_only = ON")
      _ = try database.integer("SELECT count(*) FROM sqlite_schema")
    }
    return database
  }

  /// Whether the header says WAL. Read before SQLite opens the file: closing it later would drop SQLite's locks.
  private static func isLogged(_ path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var versions: [UInt8] = [0, 0]
    return pread(descriptor, &versions, 2, 18) == 2 && versions == [2, 2]
  }
}
