import Glibc

/// A process that has a file open.
package struct FileUser: Sendable, Equatable, CustomStringConvertible {
  package let process: Int32
  package let program: String

  package var description: String { "\(program) (process \(process))" }

  /// Who has the file open, as far as this user may see; never this process.
  ///
  /// An idle connection to a SQLite file without a write-ahead log holds no lock that would tell of it.
  static func all(of path: String) -> [FileUser] {
    var file = stat()
    guard stat(path, &file) == 0 else { return [] }
    var users: [FileUser] = []
    for name in (try? BackupFolder.names(in: "/proc")) ?? [] {
      guard let process = Int32(name), process != getpid() else { continue }
      let descriptors = (try? BackupFolder.names(in: "/proc/\(name)/fd")) ?? []
      let isUser = descriptors.contains { descriptor in
        var open = stat()
        return stat("/proc/\(name)/fd/\(descriptor)", &open) == 0 && open.st_dev == file.st_dev
          && open.st_ino == file.st_ino
      }
      if isUser { users.append(FileUser(process: process, program: program(of: name))) }
    }
    return users.sorted { $0.process < $1.process }
  }

  private static func program(of process: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let descriptor = open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "a program" }
    defer { close(descriptor) }
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count - 1, 0)), as: UTF8.self)
  }
}
