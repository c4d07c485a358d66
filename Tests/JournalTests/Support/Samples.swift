@testable import Journal
import Model

/// Batches to test with.
enum Samples {
  static let source = RandomID(high: 0xC0FF_EE00_C0DE_4BAD, low: 0x8BAD_0000_0000_CAFE)
  static let table = JournalTable(id: TableID(1), name: "t", columns: ["a", "b"], keyPositions: [0])

  static func header(
    group: Int64 = 1, part: UInt32 = 0, more: Bool = false, after: Int64 = 0, last: Int64 = 1,
    direction: Direction = .forward, source: RandomID = source
  ) -> BatchHeader {
    BatchHeader(
      direction: direction, moreFollows: more, source: source, group: GroupNumber(group), part: part,
      after: ChangeNumber(after), last: ChangeNumber(last), nonce: last &* 31,
      capturedAt: Instant(microseconds: 1_760_000_000_000_000),
      previousLookAt: Instant(microseconds: 1_759_999_999_000_000), schemaFingerprint: 42)
  }

  /// A few rows of `table`.
  static func fill(_ entries: inout EntryEncoder) throws {
    entries.removeAll()
    try entries.declare(table)
    entries.beginUpsert(table.id)
    entries.integer(1)
    entries.value(.text("one"))
    entries.beginDelete(table.id)
    entries.real(2.5)
  }

  /// The file of a small real batch.
  static func file() throws -> [UInt8] {
    var entries = EntryEncoder()
    try fill(&entries)
    return try file(header(), entries)
  }

  static func file(_ header: BatchHeader, _ entries: borrowing EntryEncoder) throws -> [UInt8] {
    var encoder = BatchEncoder()
    _ = try encoder.encode(header, entries)
    return Array(encoder.bytes)
  }

  /// The file of a payload of any bytes, with checksums that hold.
  static func file(payload: [UInt8], entryCount: UInt32) throws -> [UInt8] {
    var encoder = BatchEncoder()
    return try payload.withUnsafeBytes { payload in
      _ = try encoder.encode(header(), payload: payload, entryCount: entryCount, previousChecksum: 0)
      return Array(encoder.bytes)
    }
  }
}

/// Reads a batch from memory to its last value.
func read(_ bytes: [UInt8]) throws {
  try bytes.withUnsafeBytes { bytes in
    let batch = try Batch(bytes: bytes, file: "memory")
    try batch.validate()
  }
}

/// The batch as JSON text.
func json(_ bytes: [UInt8]) throws -> String {
  try bytes.withUnsafeBytes { bytes in
    var text = ""
    let batch = try Batch(bytes: bytes, file: "memory")
    try batch.writeJSON { text += $0 }
    return text
  }
}
