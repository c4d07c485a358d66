import Journal
import Model

/// Encodes and decodes batches of the rows that it is given as JSON sees them, and prints seconds and bytes as JSON.
///
///     journal-speed ROWS ROUNDS
///
/// The rows are those of the `measurements` table of the other benchmarks: integers, a double, texts, a blob, a time.
struct Rows {
  private static let device = Array("measurement 0123456789ab of the day".utf8)
  private static let unit = Array("bar".utf8)
  private static let time = Array("2024-05-17 08:00:00".utf8)
  private static let table = JournalTable(
    id: TableID(1), name: "measurements",
    columns: ["id", "device", "reading", "unit", "note", "raw", "taken_at", "version"], keyPositions: [0])

  private var note = device
  private var raw = [UInt8](repeating: 0, count: 16)
  private var generator = Generator(state: 1)

  /// Fills one batch with `count` rows from `first` on.
  mutating func fill(_ entries: inout EntryEncoder, first: Int, count: Int) throws {
    entries.removeAll()
    try entries.declare(Self.table)
    for number in first..<(first + count) {
      let random = generator.next()
      for place in 0..<12 { note[12 + place] = Self.digit(random >> (4 * UInt64(place))) }
      for place in 0..<16 { raw[place] = UInt8(truncatingIfNeeded: generator.next() >> 24) }
      entries.beginUpsert(Self.table.id)
      entries.integer(Int64(number))
      entries.integer(Int64(random % 10_000))
      entries.real(Double(random >> 11) * 0x1p-53 * 100)
      Self.unit.withUnsafeBytes { entries.text($0) }
      note.withUnsafeBytes { entries.text($0) }
      raw.withUnsafeBytes { entries.blob($0) }
      Self.time.withUnsafeBytes { entries.text($0) }
      entries.integer(1)
    }
  }

  private static func digit(_ bits: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: bits & 15)
    return value < 10 ? 48 + value : 87 + value
  }
}

struct Generator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 33)
  }
}

struct Measurement {
  var encodeSeconds = 0.0
  var decodeSeconds = 0.0
  var rawBytes = 0
  var fileBytes = 0
  var values = 0
}

func measure(rows: Int) throws -> Measurement {
  let batchRows = 50_000
  var source = Rows()
  var entries = EntryEncoder()
  var encoder = BatchEncoder()
  var result = Measurement()
  for first in stride(from: 1, through: rows, by: batchRows) {
    let count = min(batchRows, rows - first + 1)
    let begun = ContinuousClock.now
    try source.fill(&entries, first: first, count: count)
    let header = try encoder.encode(
      BatchHeader(
        direction: .forward, source: RandomID(high: 1, low: 2), group: GroupNumber(1), after: ChangeNumber(0),
        last: ChangeNumber(Int64(count)), nonce: 1, capturedAt: Instant(microseconds: 0),
        previousLookAt: Instant(microseconds: 0), schemaFingerprint: 1), entries)
    result.encodeSeconds += begun.duration(to: .now) / .seconds(1)
    result.rawBytes += header.rawLength
    result.fileBytes += encoder.bytes.count
    let opened = ContinuousClock.now
    result.values += try walk(Batch(bytes: encoder.bytes, file: "measured"))
    result.decodeSeconds += opened.duration(to: .now) / .seconds(1)
  }
  return result
}

func walk(_ batch: borrowing Batch) throws -> Int {
  try batch.withEntries { cursor throws(JournalError) in
    var values = 0
    while let entry = try cursor.next() {
      for _ in entry.table.columns {
        _ = try cursor.value()
        values += 1
      }
    }
    return values
  }
}

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard arguments.count == 2 else { fatalError("usage: journal-speed ROWS ROUNDS") }
for _ in 0..<arguments[1] {
  let result = try measure(rows: arguments[0])
  print(
    "{\"encode\":\(result.encodeSeconds),\"decode\":\(result.decodeSeconds),\"raw\":\(result.rawBytes),"
      + "\"file\":\(result.fileBytes),\"values\":\(result.values)}")
}
