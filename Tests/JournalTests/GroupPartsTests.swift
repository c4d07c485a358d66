import Model
import Testing

@testable import Journal

/// The parts of a group that is still being written.
struct GroupPartsTests {
  private let number = GroupNumber(1)

  private func part(_ part: UInt32, more: Bool, last: Int64 = 10) -> BatchHeader {
    Samples.header(group: 1, part: part, more: more, after: 0, last: last)
  }

  @Test func `each is handed out once it is there, and after the last none`() throws {
    var journal = try TestJournal()
    let directory = journal.directory
    #expect(try GroupParts(beingWritten: number, in: directory) { false } == nil)
    let first = try journal.append(part(0, more: true))
    var writer = JournalWriter(directory, source: Samples.source)
    var parts = try #require(try GroupParts(beingWritten: number, in: directory) { true })
    #expect(!parts.isWhole)
    #expect(try parts.header(0) == first)
    let second = try journal.append(part(1, more: false))
    #expect(try parts.header(1) == second && parts.isWhole)
    #expect(try parts.header(2) == nil)
    #expect(try parts.batch(second).header == second)
    #expect(try writer.recover().last == second)
  }

  @Test func `without a writer it is given up, the last look included`() throws {
    var journal = try TestJournal()
    _ = try journal.append(part(0, more: true))
    var parts = try #require(try GroupParts(beingWritten: number, in: journal.directory) { false })
    #expect(throws: GroupParts.GivenUp.self) { try parts.header(1) }
    let second = try journal.append(part(1, more: false))
    #expect(try parts.header(1) == second, "written before the answer that nothing will follow")
  }

  @Test(arguments: [10, 11] as [Int64])
  func `another group in its place is given up, however alike`(last: Int64) throws {
    var journal = try TestJournal()
    _ = try journal.append(part(0, more: true))
    let directory = journal.directory
    var parts = try #require(try GroupParts(beingWritten: number, in: directory) { true })
    // What a failed capture left is cleared away, and the group captured again.
    var writer = JournalWriter(directory, source: Samples.source)
    _ = try writer.recover()
    var entries = EntryEncoder()
    entries.changeSchema("something else")
    for header in [part(0, more: true, last: last), part(1, more: false, last: last)] {
      _ = try writer.append(header, entries)
    }
    #expect(throws: GroupParts.GivenUp.self) { try parts.header(1) }
  }

  @Test func `a group whose end is not known, or that changes the schema, is waited for`() throws {
    for change in [\BatchHeader.keysMayRepeat, \.changesSchema] {
      var journal = try TestJournal()
      var header = part(0, more: true)
      header[keyPath: change] = true
      _ = try journal.append(header)
      #expect(try GroupParts(beingWritten: number, in: journal.directory) { true } == nil)
    }
  }
}
