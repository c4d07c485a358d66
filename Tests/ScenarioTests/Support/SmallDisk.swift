import Glibc
import TestSupport

/// A file system of some size in memory, which only root can mount; unmounted with the test.
final class SmallDisk {
  let path: String
  private let directory: String

  /// - Parameter owner: the account that the server runs as, where it is another one.
  init(megabytes: Int, owner: String? = nil) throws {
    var template = Array("/tmp/changeover-disk.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Files.Failed(path: "/tmp", code: errno) }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(directory, 0o755)
    path = directory + "/disk"
    mkdir(path, 0o700)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
      throw Files.Failed(path: path, code: errno)
    }
    if let owner, !owner.isEmpty { _ = try Program.run(["chown", owner, path]) }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
    Files.remove(directory)
  }

  func enlarge(megabytes: Int) throws {
    guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(megabytes)m") == 0 else {
      throw Files.Failed(path: path, code: errno)
    }
  }
}
