@testable import Journal
import Model
import Testing

/// The form for people.
struct TextTests {
  @Test func `describes a batch by its rows' keys, and by their values when asked`() throws {
    var entries = EntryEncoder()
    try Samples.fill(&entries)
    let odd = JournalTable(id: TableID(7), name: "odd name", columns: ["k1", "note", "k 2"], keyPositions: [2, 0])
    try entries.declare(odd)
    entries.beginUpsert(odd.id)
    for value: Value in [.null, .text("it's"), .text([0xFF])] { entries.value(value) }
    entries.beginUpsert(odd.id)
    for value: Value in [.text("line\nbreak"), .real(1.5), .blob([0, 255])] { entries.value(value) }
    #expect(
      try describe(entries, values: false) == """
        group 3 part 0, forward, changes after 7 to 12, captured 2025-10-09T08:53:20.000000Z, 6 entries, 97 bytes
          upsert t a 1
          delete t a 2.5
          upsert "odd name" "k 2" CAST(x'ff' AS TEXT), k1 NULL
          upsert "odd name" "k 2" x'00ff', k1 CAST(x'6c696e650a627265616b' AS TEXT)

        """)
    #expect(
      try describe(entries, values: true).contains(
        "  upsert \"odd name\" \"k 2\" CAST(x'ff' AS TEXT), k1 NULL: k1 = NULL, note = 'it''s', \"k 2\" = CAST(x'ff' AS TEXT)\n"
      ))
  }

  @Test func `writes times to the microsecond, before 1970 and beyond the calendar too`() {
    #expect(Instant(microseconds: -1).text == "1969-12-31T23:59:59.999999Z")
    #expect(Instant(microseconds: 951_782_400_000_001).text == "2000-02-29T00:00:00.000001Z")
    #expect(Instant(microseconds: .max).text == "294247-01-10T04:00:54.775807Z")
    #expect(Instant(microseconds: .min).text.hasSuffix("Z"))
  }

  @Test func `says what to do about an error, and shows no row`() {
    let flipped = JournalError.invalid(file: "j/1.batch", flaw: .payloadChecksum, offset: 116).failure
    #expect(flipped.status == .badData)
    #expect(
      flipped.description
        == "j/1.batch is not a whole batch: it has a payload that does not match its checksum (payload_checksum at "
        + "byte 116); start changeover sync again, which reads the source anew where that still has the changes; or restore "
        + "the file from a copy")
    let full = JournalError.system(operation: "write", path: "j/1.batch.tmp", code: 28).failure
    #expect(full.status == .configuration)
    #expect(
      full.description
        == "cannot write j/1.batch.tmp: No space left on device; free space there, or move the state directory with "
        + "--state")
  }

  /// The text without the size in the file, which is zlib's affair.
  private func describe(_ entries: borrowing EntryEncoder, values: Bool) throws -> String {
    let file = try Samples.file(Samples.header(group: 3, after: 7, last: 12), entries)
    return try file.withUnsafeBytes { bytes in
      let batch = try Batch(bytes: bytes, file: "memory")
      var text = ""
      try batch.describe(values: values) { text += $0 }
      return text.replacing(/\s\(\d+ in the file\)/, with: "")
    }
  }
}
