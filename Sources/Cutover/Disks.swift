import Glibc

/// Room on the disks that a switch writes to.
enum Disks {
  /// What is to be free beyond what is known to be written: journal, log, and SQLite's own files.
  private static let reserve: Int64 = 64 << 20

  static func look(source: String, state: String) -> [Gates.Disk] {
    let directory = source.lastIndex(of: "/").map { $0 == source.startIndex ? "/" : String(source[..<$0]) } ?? "."
    return [directory, state].compactMap { path in
      var status = statvfs()
      guard statvfs(path, &status) == 0 else { return nil }
      return Gates.Disk(path: path, free: Int64(status.f_bavail) * Int64(status.f_frsize), needed: reserve)
    }
  }
}
