@testable import Journal
import Model
import Testing

/// What may leave a journal.
struct RetentionTests {
  private let now = Instant(microseconds: 1_000_000_000_000)

  /// A file of 100 bytes written so many seconds ago.
  private func file(_ group: Int64, _ part: UInt32 = 0, age: Int64) -> JournalFile {
    let name = BatchName(group: GroupNumber(group), part: part)
    return JournalFile(name: name, size: 100, writtenAt: Instant(microseconds: now.microseconds - age * 1_000_000))
  }

  private func removable(
    _ files: [JournalFile], seconds: Int64 = 60, bytes: Int64 = 1 << 40, behind: Int64 = 0, applied: Int64
  ) -> [String] {
    RetentionPolicy(keepSeconds: seconds, keepBytes: bytes, minimumGroupsBehind: behind)
      .removable(files, applied: GroupNumber(applied), now: now).map { "\($0.group)-\($0.part)" }
  }

  private var files: [JournalFile] {
    [
      file(1, age: 500), file(2, 0, age: 400), file(2, 1, age: 390), file(3, age: 300), file(4, age: 30),
      file(5, age: 20),
    ]
  }

  @Test func `lets old groups go, and young ones stay`() {
    #expect(removable(files, applied: 5) == ["1-0", "2-0", "2-1", "3-0"])
    #expect(removable(files, seconds: 395, applied: 5) == ["1-0"])
    #expect(removable(files, seconds: 500, applied: 5) == [])
    #expect(removable([], applied: 5) == [])
  }

  @Test func `lets young groups go while the journal is too large`() {
    #expect(removable(files, seconds: 1000, bytes: 599, applied: 5) == ["1-0"])
    #expect(removable(files, seconds: 1000, bytes: 300, applied: 5) == ["1-0", "2-0", "2-1"])
    #expect(removable(files, bytes: 0, applied: 5) == ["1-0", "2-0", "2-1", "3-0", "4-0"])
    #expect(removable(files, seconds: 1000, bytes: 600, applied: 5) == [])
  }

  @Test func `never lets go what the target has not applied or may ask for again`() {
    #expect(removable(files, bytes: 0, applied: 0) == [])
    #expect(removable(files, bytes: 0, applied: 2) == ["1-0", "2-0", "2-1"])
    #expect(removable(files, bytes: 0, behind: 1, applied: 2) == ["1-0"])
    #expect(removable(files, bytes: 0, behind: 2, applied: 2) == [])
    #expect(removable(files, bytes: 0, behind: .max, applied: -2) == [])
    #expect(removable(files, bytes: 0, behind: -5, applied: 1) == ["1-0"])
  }

  @Test func `leaves no hole behind a young group that an old one follows`() {
    #expect(removable([file(1, age: 10), file(2, age: 500), file(3, age: 500)], applied: 9) == [])
  }

  @Test func `keeps the newest group, which the next one follows`() {
    #expect(removable([file(7, age: 9999)], bytes: 0, applied: 9) == [])
  }

  @Test func `finishes a removal that was interrupted`() {
    let remnant = [file(2, 1, age: 1), file(3, age: 1), file(4, age: 1)]
    #expect(removable(remnant, applied: 4) == ["2-1"])
    #expect(removable(remnant, applied: 1) == [])
  }

  @Test func `takes sizes and times beyond reason`() {
    let odd = JournalFile(
      name: BatchName(group: GroupNumber(1), part: 0), size: .max, writtenAt: Instant(microseconds: .min))
    #expect(removable([odd, odd, file(2, age: 1)], bytes: .max, applied: 2) == [])
  }

  @Test func `is carried out file by file`() throws {
    var journal = try TestJournal()
    try journal.fill()
    let policy = RetentionPolicy(keepSeconds: 0, keepBytes: 0, minimumGroupsBehind: 1)
    let names = policy.removable(try journal.directory.files(), applied: GroupNumber(3), now: now)
    try journal.directory.remove(names)
    #expect(journal.names == ["0000000000000000003-000000.batch"])
    #expect(try journal.directory.check() == [])
    #expect(try journal.writer.recover().position?.group == GroupNumber(3))
  }
}
