@testable import Journal
import Glibc
import Model
import TestSupport
import Testing

/// A disk without room. Needs a file system of its own, which only root can mount.
@Suite(.enabled(if: Tmpfs.isAvailable, "mounting a small tmpfs needs root"))
struct DiskFullTests {
  @Test func `leaves no trace of a batch for which there is no room, and goes on when there is`() throws {
    let disk = try Tmpfs()
    let directory = try JournalDirectory(creating: disk.path + "/journal")
    var writer = JournalWriter(directory, source: Samples.source)
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    _ = try writer.append(Samples.header(group: 1, after: 0, last: 10), entries)

    var random = SeededRandom(seed: 1)
    try entries.declare(Samples.table)
    entries.beginUpsert(Samples.table.id)
    entries.integer(1)
    entries.value(.blob((0..<200_000).map { _ in .random(in: 0...255, using: &random) }))
    let error = #expect(throws: JournalError.self) {
      try writer.append(Samples.header(group: 2, after: 10, last: 20), entries)
    }
    #expect(error?.failure.status == .configuration)
    #expect(error?.failure.remedy == "free space there, or move the state directory with --state")
    #expect(Files.names(in: directory.path) == ["0000000000000000001-000000.batch"])

    try Samples.fill(&entries)
    _ = try writer.append(Samples.header(group: 2, after: 10, last: 20), entries)
    #expect(try directory.check() == [])
  }

  @Test func `says what to do where the disk is read-only`() throws {
    let disk = try Tmpfs()
    let directory = try JournalDirectory(creating: disk.path + "/journal")
    var writer = JournalWriter(directory, source: Samples.source)
    try disk.makeReadOnly()
    let entries = EntryEncoder()
    let error = #expect(throws: JournalError.self) { try writer.append(Samples.header(), entries) }
    #expect(error?.failure.status == .configuration)
    #expect(error?.failure.message.hasSuffix("Read-only file system") == true)
  }
}

/// A file system of 64 KiB in memory, unmounted with the test.
final class Tmpfs {
  let path: String
  private let holder: TemporaryDirectory

  init() throws {
    holder = try TemporaryDirectory()
    path = holder.path + "/disk"
    mkdir(path, 0o700)
    guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { throw Files.Failed(path: path, code: errno) }
  }

  deinit { umount(path) }

  func makeReadOnly() throws {
    guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=64k") == 0 else {
      throw Files.Failed(path: path, code: errno)
    }
  }

  static let isAvailable = (try? Tmpfs()) != nil
}
