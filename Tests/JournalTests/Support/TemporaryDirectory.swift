import Glibc

/// A directory that goes with the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/changeover-journal-XXXXXX".utf8CString)
    guard let name = mkdtemp(&template) else { throw Files.Failed(path: "/tmp", code: errno) }
    path = String(cString: name)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    for name in Files.names(in: path) where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
    rmdir(path)
  }
}
