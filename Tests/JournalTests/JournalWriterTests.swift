@testable import Journal
import Glibc
import Model
import TestSupport
import Testing

/// Appending to a journal.
struct JournalWriterTests {
  @Test func `writes files that only the owner may read, in a directory that only the owner may enter`() throws {
    var journal = try TestJournal()
    try journal.fill()
    #expect(
      journal.names == [
        "0000000000000000001-000000.batch", "0000000000000000002-000000.batch", "0000000000000000002-000001.batch",
        "0000000000000000002-000002.batch", "0000000000000000003-000000.batch",
      ])
    var info = stat()
    #expect(stat(journal.path(1), &info) == 0 && info.st_mode & 0o777 == 0o600)
    #expect(stat(journal.directory.path, &info) == 0 && info.st_mode & 0o777 == 0o700)
    #expect(try journal.directory.check() == [])
  }

  @Test func `chains each batch to the one before`() throws {
    var journal = try TestJournal()
    let first = try journal.append(Samples.header(group: 5, after: 3, last: 4))
    let second = try journal.append(Samples.header(group: 6, after: 4, last: 9))
    #expect(first.previousChecksum == 0 && second.previousChecksum == first.headerChecksum)
    #expect(try journal.directory.header(of: second.name) == second)
    #expect(journal.writer.last == second)
  }

  @Test func `refuses a batch that does not follow the last`() throws {
    var journal = try TestJournal()
    let other = RandomID.random()
    func refuses(_ header: BatchHeader, _ journal: inout TestJournal, line: Int = #line) {
      let names = journal.names
      do {
        _ = try journal.append(header)
        Issue.record("appended the batch of line \(line)")
      } catch {
        #expect((error as? JournalError)?.failure.status == .internalError)
      }
      #expect(journal.names == names)
    }
    refuses(Samples.header(group: 1, part: 1), &journal)
    refuses(Samples.header(group: 0), &journal)
    refuses(Samples.header(group: 1, after: 2, last: 1), &journal)
    refuses(Samples.header(group: 1, source: other), &journal)
    _ = try journal.append(Samples.header(group: 1, after: 0, last: 10))
    refuses(Samples.header(group: 1, after: 10, last: 20), &journal)
    refuses(Samples.header(group: 3, after: 10, last: 20), &journal)
    refuses(Samples.header(group: 2, part: 1, after: 10, last: 20), &journal)
    refuses(Samples.header(group: 2, after: 11, last: 20), &journal)
    refuses(Samples.header(group: 2, after: 10, last: 20, source: other), &journal)
    _ = try journal.append(Samples.header(group: 2, part: 0, more: true, after: 10, last: 15))
    refuses(Samples.header(group: 3, after: 15, last: 20), &journal)
    refuses(Samples.header(group: 2, part: 0, after: 10, last: 20), &journal)
    refuses(Samples.header(group: 2, part: 2, after: 10, last: 20), &journal)
    refuses(Samples.header(group: 2, part: 1, after: 15, last: 20), &journal)
    refuses(Samples.header(group: 2, part: 1, after: 10, last: 14), &journal)
    refuses(Samples.header(group: 2, part: 1, after: 10, last: 20, direction: .reverse), &journal)
    _ = try journal.append(Samples.header(group: 2, part: 1, after: 10, last: 20))
    // The other direction has numbers of its own.
    _ = try journal.append(Samples.header(group: 3, after: 0, last: 4, direction: .reverse))
    refuses(Samples.header(group: 4, after: 5, last: 6, direction: .reverse), &journal)
    #expect(try journal.directory.check(source: Samples.source) == [])
  }

  @Test func `never replaces a batch of another writer`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    var second = JournalWriter(journal.directory, source: Samples.source)
    #expect(try second.recover().position == Position(group: GroupNumber(1), sequence: ChangeNumber(10), nonce: 310))
    var entries = EntryEncoder()
    let theirs = try second.append(Samples.header(group: 2, after: 10, last: 12), entries)
    let error = #expect(throws: JournalError.self) { try journal.append(group: 2, after: 10, last: 11) }
    #expect(error?.failure.remedy == "another changeover writes to this journal: stop one of them")
    #expect(try journal.directory.header(of: theirs.name) == theirs)
    #expect(!journal.names.contains { $0.hasSuffix(".tmp") })
    #expect(try journal.writer.recover().last == theirs)
    try journal.append(group: 3, after: 12, last: 13)
    entries.removeAll()
    #expect(throws: JournalError.self) { try second.append(Samples.header(group: 3, after: 12, last: 14), entries) }
    #expect(try second.recover().position?.group == GroupNumber(3))
    #expect(try journal.directory.check() == [])
  }

  @Test func `notices that another writer took its unfinished group away`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    try journal.append(group: 2, parts: 3, after: 10, last: 20, end: false)
    var second = JournalWriter(journal.directory, source: Samples.source)
    #expect(try second.recover().removed.count == 2)
    #expect(try journal.writer.recover().position?.group == GroupNumber(1))
    try journal.append(group: 2, after: 10, last: 20)
    #expect(try journal.directory.check() == [])
  }

  @Test func `says what to do where the directory is missing or no directory`() throws {
    let holder = try TemporaryDirectory()
    try Files.write([], to: holder.path + "/file")
    for path in ["/missing/journal", "/file/journal"] {
      let error = #expect(throws: JournalError.self) { try JournalDirectory(creating: holder.path + path) }
      #expect(error?.failure.status == .configuration && error?.failure.remedy == "check --state")
    }
    let missing = JournalDirectory(path: holder.path + "/missing")
    #expect(throws: JournalError.self) { try missing.files() }
    #expect(throws: JournalError.self) { try missing.check() }
    var writer = JournalWriter(missing, source: Samples.source)
    let entries = EntryEncoder()
    let error = #expect(throws: JournalError.self) { try writer.append(Samples.header(), entries) }
    #expect(error?.failure.status == .configuration)
  }

  @Test func `finds a group without listing, once it is whole`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    try journal.append(group: 2, parts: 3, after: 10, last: 20, end: false)
    #expect(try journal.directory.group(GroupNumber(1))?.parts.count == 1)
    #expect(try journal.directory.group(GroupNumber(2)) == nil)
    #expect(try journal.directory.group(GroupNumber(3)) == nil)
    #expect(try journal.directory.groups(after: GroupNumber(0)).map(\.number.rawValue) == [1])
    _ = try journal.append(Samples.header(group: 2, part: 2, after: 10, last: 20))
    #expect(try journal.directory.group(GroupNumber(2))?.parts.map(\.part) == [0, 1, 2])
    #expect(try journal.directory.groups(after: GroupNumber(0)).map(\.parts.count) == [1, 3])
    #expect(try journal.directory.groups(after: GroupNumber(1)).map(\.parts.count) == [3])
    #expect(try journal.directory.groups(after: GroupNumber(2)) == [])
    #expect(try journal.directory.groups(after: GroupNumber(.max)) == [])
  }

  @Test func `refuses to list groups around a hole`() throws {
    var journal = try TestJournal()
    try journal.fill()
    unlink(journal.path(2, 1))
    #expect(throws: JournalError.self) { try journal.directory.groups(after: GroupNumber(0)) }
    #expect(throws: JournalError.self) { try journal.directory.groups(after: GroupNumber(1)) }
    #expect(try journal.directory.groups(after: GroupNumber(2)).count == 1)
    unlink(journal.path(1))
    #expect(throws: JournalError.missing(file: journal.path(1))) {
      try journal.directory.groups(after: GroupNumber(0))
    }
  }
}
