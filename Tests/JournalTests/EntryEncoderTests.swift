@testable import Journal
import Model
import Testing

/// Appending entries.
struct EntryEncoderTests {
  @Test func `declares a table once`() throws {
    var entries = EntryEncoder()
    try entries.declare(Samples.table)
    let (bytes, count) = (entries.byteCount, entries.entryCount)
    try entries.declare(Samples.table)
    #expect(entries.byteCount == bytes && entries.entryCount == count && count == 1)
  }

  @Test func `refuses a table that changed within a batch`() throws {
    var entries = EntryEncoder()
    try entries.declare(Samples.table)
    var error = #expect(throws: JournalError.self) {
      try entries.declare(JournalTable(id: TableID(1), name: "t", columns: ["a", "b", "c"], keyPositions: [0]))
    }
    #expect(
      error?.failure.message
        == "cannot journal table t: its declaration differs from the one that this batch already holds"
    )
    entries.removeAll()
    try entries.declare(JournalTable(id: TableID(1), name: "t", columns: ["a", "b", "c"], keyPositions: [0]))
    error = #expect(throws: JournalError.self) { try entries.declare(Samples.table) }
    #expect(error != nil)
  }

  @Test(arguments: [
    (-1, ["a"], [0]), (1, [], []), (1, ["a"], []), (1, ["a"], [1]), (1, ["a"], [-1]), (1, ["a", "b"], [0, 0]),
    (1, ["a"], [0, 0]),
  ])
  func `refuses a table that the format cannot carry`(id: Int, columns: [String], key: [Int]) {
    var entries = EntryEncoder()
    #expect(throws: JournalError.self) {
      try entries.declare(JournalTable(id: TableID(Int64(id)), name: "t", columns: columns, keyPositions: key))
    }
    #expect(entries.byteCount == 0 && entries.entryCount == 0)
  }

  @Test func `drops half an entry and the tables declared since`() throws {
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    let mark = entries.mark()
    let before = Array(entries.payload)
    let other = JournalTable(id: TableID(2), name: "other", columns: ["a", "b"], keyPositions: [1])
    try entries.declare(other)
    entries.beginUpsert(other.id)
    entries.integer(1)
    entries.rollback(to: mark)
    #expect(Array(entries.payload) == before && entries.entryCount == 3)
    try entries.declare(other)
    entries.beginDelete(other.id)
    entries.null()
    entries.beginDelete(Samples.table.id)
    entries.null()
    #expect(entries.entryCount == 6)
    try read(Samples.file(Samples.header(), entries))
  }

  @Test func `replaces a table before any row of it`() async throws {
    var entries = EntryEncoder()
    try entries.replace(Samples.table)
    entries.beginDelete(Samples.table.id)
    entries.null()
    try entries.declare(Samples.table)
    #expect(Array(entries.payload.suffix(5)) == [4, 1, 3, 1, 0] && entries.entryCount == 3)
    try read(Samples.file(Samples.header(), entries))
    await #expect(processExitsWith: .failure) {
      var entries = EntryEncoder()
      try entries.declare(Samples.table)
      try entries.replace(Samples.table)
    }
  }

  @Test func `stops at a row with too few values`() async {
    await #expect(processExitsWith: .failure) {
      var entries = EntryEncoder()
      try entries.declare(Samples.table)
      entries.beginUpsert(Samples.table.id)
      entries.null()
      entries.beginUpsert(Samples.table.id)
    }
  }

  @Test func `stops at a row with too many values`() async {
    await #expect(processExitsWith: .failure) {
      var entries = EntryEncoder()
      try entries.declare(Samples.table)
      entries.beginDelete(Samples.table.id)
      entries.null()
      entries.null()
    }
  }
}
