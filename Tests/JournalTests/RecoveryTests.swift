@testable import Journal
import Glibc
import Model
import TestSupport
import Testing

/// What a crash leaves.
struct RecoveryTests {
  @Test func `finds an empty journal empty`() throws {
    let journal = try TestJournal()
    #expect(try journal.directory.recover(source: Samples.source) == Recovery(last: nil))
  }

  @Test func `finds the last position and touches nothing of a whole journal`() throws {
    var journal = try TestJournal()
    try journal.fill()
    let names = journal.names
    let recovery = try journal.directory.recover(source: Samples.source)
    #expect(recovery.position == Position(group: GroupNumber(3), sequence: ChangeNumber(30), nonce: 930))
    #expect(recovery.removed == [] && recovery.setAside == [] && journal.names == names)
  }

  @Test func `removes temporary files and leaves others alone`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    let temporary = "0000000000000000002-000000.batch.tmp"
    for name in [temporary, "notes.txt", "other.tmp"] { try Files.write([1], to: "\(journal.directory.path)/\(name)") }
    let recovery = try journal.directory.recover(source: Samples.source)
    #expect(recovery.removed == [temporary] && recovery.position?.group == GroupNumber(1))
    #expect(journal.names == ["0000000000000000001-000000.batch", "notes.txt", "other.tmp"])
  }

  @Test func `removes a group whose end is missing, and writes it again`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    try journal.append(group: 2, parts: 3, after: 10, last: 20, end: false)
    var writer = JournalWriter(journal.directory, source: Samples.source)
    let recovery = try writer.recover()
    #expect(recovery.position?.group == GroupNumber(1) && recovery.removed.count == 2)
    #expect(journal.names.count == 1)
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    _ = try writer.append(Samples.header(group: 2, after: 10, last: 25), entries)
    #expect(try journal.directory.check() == [])
  }

  @Test func `sets aside a newest file that is cut short anywhere, and goes on before it`() throws {
    let whole = try Samples.file()
    for count in whole.indices {
      var journal = try TestJournal()
      try journal.fill()
      let newest = try Files.read(journal.path(3))
      try Files.write(Array(newest.prefix(count)), to: journal.path(3))
      let recovery = try journal.writer.recover()
      #expect(recovery.position?.group == GroupNumber(2), "\(count) bytes")
      #expect(recovery.setAside == ["0000000000000000003-000000.batch.torn"])
      try journal.append(group: 3, after: 20, last: 30)
      #expect(try journal.directory.check() == [])
    }
  }

  @Test func `sets aside a newest file of zeros with all parts of its group`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    try journal.append(group: 2, parts: 3, after: 10, last: 20)
    let size = try Files.read(journal.path(2, 2)).count
    try Files.write(Array(repeating: 0, count: size), to: journal.path(2, 2))
    let recovery = try journal.writer.recover()
    #expect(recovery.position?.group == GroupNumber(1) && recovery.setAside.count == 3)
    #expect(journal.names.filter { $0.hasSuffix(".torn") }.count == 3)
    #expect(try journal.directory.check() == [])
  }

  @Test func `does not touch a journal that a newer changeover wrote`() throws {
    var journal = try TestJournal()
    try journal.fill()
    var newest = try Files.read(journal.path(3))
    newest[9] = 2
    try Files.write(newest, to: journal.path(3))
    let names = journal.names
    let error = #expect(throws: JournalError.self) { try journal.directory.recover(source: Samples.source) }
    #expect(error?.failure.remedy == "use the changeover that wrote it")
    #expect(journal.names == names)
  }

  @Test func `throws damage that no crash makes`() throws {
    var journal = try TestJournal()
    try journal.fill()
    for name in [journal.path(2, 2), journal.path(3)] {
      let bytes = try Files.read(name)
      try Files.write(Array(bytes.dropLast()), to: name)
    }
    #expect(throws: JournalError.self) { try journal.directory.recover(source: Samples.source) }
    #expect(journal.names.count { $0.hasSuffix(".batch") } == 4)
  }

  @Test func `throws where a part of the last group is missing`() throws {
    var journal = try TestJournal()
    try journal.append(group: 1, after: 0, last: 10)
    try journal.append(group: 2, parts: 3, after: 10, last: 20)
    unlink(journal.path(2, 1))
    #expect(throws: JournalError.missing(file: journal.path(2, 1))) {
      try journal.directory.recover(source: Samples.source)
    }
  }

  @Test func `refuses the journal of another source`() throws {
    var journal = try TestJournal()
    try journal.fill()
    let error = #expect(throws: JournalError.self) { try journal.directory.recover(source: .random()) }
    #expect(error?.failure.status == .badData && journal.names.count == 5)
  }

  @Test func `begins anew after the target's position where the journal lost what the target has`() throws {
    var journal = try TestJournal()
    try journal.fill()
    try Files.write([], to: journal.path(3))
    let applied = Position(group: GroupNumber(3), sequence: ChangeNumber(30), nonce: 930)
    let recovery = try journal.writer.recover(applied: applied)
    #expect(recovery.last?.group == GroupNumber(2) && recovery.position == applied && recovery.setAside.count == 1)
    #expect(throws: JournalError.self) { try journal.append(group: 3, after: 20, last: 40) }
    #expect(throws: JournalError.self) { try journal.append(group: 5, after: 30, last: 40) }
    try journal.append(group: 4, after: 30, last: 40)
    try journal.append(group: 5, after: 40, last: 50)
    #expect(try journal.directory.check() == [])
    #expect(try journal.directory.groups(after: applied.group).map(\.number.rawValue) == [4, 5])
    #expect(throws: JournalError.self) { try journal.directory.groups(after: GroupNumber(1)) }
    #expect(try journal.writer.recover(applied: applied).position?.group == GroupNumber(5))
  }

  @Test func `begins an empty journal after the target's position`() throws {
    var journal = try TestJournal()
    let applied = Position(group: GroupNumber(7), sequence: ChangeNumber(70), nonce: 1)
    #expect(try journal.writer.recover(applied: applied).position == applied)
    #expect(throws: JournalError.self) { try journal.append(group: 1, after: 0, last: 1) }
    try journal.append(group: 8, after: 70, last: 71)
    #expect(try journal.directory.check() == [])
  }

  @Test func `looks at the directory again only where something happened`() throws {
    var journal = try TestJournal()
    try journal.fill()
    let stray = journal.directory.path + "/0000000000000000004-000000.batch.tmp"
    try Files.write([], to: stray)
    #expect(try journal.writer.recover().removed == [])
    unlink(journal.path(3))
    #expect(try journal.writer.recover().removed.count == 1)
    #expect(journal.writer.last?.group == GroupNumber(2))
  }

  /// A directory is not read in one moment: a file named meanwhile may not be listed where a later one is.
  @Test func `a group that is named while the journal is listed is not taken for missing`() throws {
    let journal = try TestJournal()
    let directory = journal.directory
    @Sendable func name(_ groups: ClosedRange<Int64>) throws {
      for group in groups {
        try Files.write([], to: directory.path(of: BatchName(group: GroupNumber(group), part: 0)))
      }
    }
    try name(1...2_000)
    let writer = try Background { try name(2_001...12_000) }
    while !writer.isFinished {
      do throws(JournalError) {
        _ = try directory.groups(after: GroupNumber(0))
        Issue.record("the newest file has no header")
      } catch .invalid {
        // Looked at only when none was missing before it.
      }
    }
    try writer.value()
    unlink(directory.path(of: BatchName(group: GroupNumber(77), part: 0)))
    #expect(throws: JournalError.missing(file: directory.path(of: BatchName(group: GroupNumber(77), part: 0)))) {
      _ = try directory.groups(after: GroupNumber(0))
    }
  }
}
