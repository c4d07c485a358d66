@testable import Journal
import Glibc
import Model
import TestSupport

/// A journal in a directory that goes with the test.
struct TestJournal: ~Copyable {
  let holder: TemporaryDirectory
  let directory: JournalDirectory
  var writer: JournalWriter
  private var entries: EntryEncoder

  init() throws {
    let holder = try TemporaryDirectory()
    let directory = try JournalDirectory(creating: holder.path + "/journal")
    var writer = JournalWriter(directory, source: Samples.source)
    _ = try writer.recover()
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    self.holder = holder
    self.directory = directory
    self.writer = writer
    self.entries = entries
  }

  /// Appends a group of so many parts with changes up to `last`; without `end` its last part is not written.
  mutating func append(group: Int64, parts: UInt32 = 1, after: Int64, last: Int64, end: Bool = true) throws {
    for part in 0..<(end ? parts : parts - 1) {
      let header = Samples.header(group: group, part: part, more: part < parts - 1, after: after, last: last)
      _ = try writer.append(header, entries)
    }
  }

  /// Appends a batch as it is.
  mutating func append(_ header: BatchHeader) throws -> BatchHeader { try writer.append(header, entries) }

  /// Groups 1 to 3, the second of three parts: five files, changes up to 30.
  mutating func fill() throws {
    try append(group: 1, after: 0, last: 10)
    try append(group: 2, parts: 3, after: 10, last: 20)
    try append(group: 3, after: 20, last: 30)
  }

  /// The names in the directory.
  var names: [String] { Files.names(in: directory.path) }

  func path(_ group: Int64, _ part: UInt32 = 0) -> String {
    directory.path(of: BatchName(group: GroupNumber(group), part: part))
  }
}
