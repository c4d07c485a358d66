import Journal
import Model
import TestSupport

/// A batch of random shape, kept as values beside its encoding.
struct RandomBatch {
  enum Row: Equatable {
    case upsert(JournalTable, [Value])
    case delete(JournalTable, [Value])
    case replace(JournalTable)
  }

  let header: BatchHeader
  /// What the first entry says of the schema; nil where there is none.
  let change: String?
  let rows: [Row]

  init(using random: inout SeededRandom) {
    var header = Samples.header(group: .random(in: 1...(.max), using: &random))
    header.direction = Bool.random(using: &random) ? .forward : .reverse
    header.moreFollows = .random(using: &random)
    header.keysMayRepeat = .random(using: &random)
    header.source = RandomID(high: random.next(), low: random.next())
    header.part = .random(in: 0...999_999, using: &random)
    header.after = ChangeNumber(.random(in: 0...(.max), using: &random))
    header.last = ChangeNumber(.random(in: header.after.rawValue...(.max), using: &random))
    header.nonce = Int64(bitPattern: random.next())
    header.capturedAt = Instant(microseconds: Int64(bitPattern: random.next()))
    header.previousLookAt = Instant(microseconds: Int64(bitPattern: random.next()))
    header.schemaFingerprint = random.next()
    change = Bool.random(using: &random) ? Self.text(using: &random) : nil
    header.changesSchema = change != nil
    if header.changesSchema { header.part = 0 }
    self.header = header
    let tables = (0..<Int.random(in: 1...4, using: &random)).map { Self.table($0, using: &random) }
    // Before all rows, as a table that is replaced must be.
    let replaced = tables.filter { _ in Bool.random(using: &random) }.map { Row.replace($0) }
    rows =
      replaced
      + (0..<Int.random(in: 0...200, using: &random)).map { _ in
        let table = tables[.random(in: tables.indices, using: &random)]
        if Bool.random(using: &random) { return .upsert(table, table.columns.map { _ in Self.value(using: &random) }) }
        return .delete(table, table.keyPositions.map { _ in Self.value(using: &random) })
      }
  }

  /// Appends the rows, each table declared as late as possible.
  func fill(_ entries: inout EntryEncoder) throws {
    if let change { entries.changeSchema(change) }
    for row in rows {
      switch row {
      case .upsert(let table, let values):
        try entries.declare(table)
        entries.beginUpsert(table.id)
        for value in values { entries.value(value) }
      case .delete(let table, let key):
        try entries.declare(table)
        entries.beginDelete(table.id)
        for value in key { entries.value(value) }
      case .replace(let table):
        try entries.replace(table)
      }
    }
  }

  private static func table(_ number: Int, using random: inout SeededRandom) -> JournalTable {
    let id = Int64(bitPattern: random.next() >> UInt64.random(in: 1...63, using: &random)) &* 8 &+ Int64(number)
    let columns = (0..<Int.random(in: 1...12, using: &random)).map { "c\($0)" + text(using: &random) }
    let key = columns.indices.shuffled(using: &random).prefix(.random(in: 1...columns.count, using: &random))
    return JournalTable(
      id: TableID(id & .max), name: "\(number)" + text(using: &random), columns: columns, keyPositions: Array(key))
  }

  private static func text(using random: inout SeededRandom) -> String {
    let scalars = Array("aZ_ \"'\\\u{0}\u{7}\n\u{85}é€\u{1F40B}\u{FEFF}\u{2028}".unicodeScalars)
    return (0..<Int.random(in: 0...5, using: &random)).reduce(into: "") { text, _ in
      text.unicodeScalars.append(scalars[.random(in: scalars.indices, using: &random)])
    }
  }

  private static func value(using random: inout SeededRandom) -> Value {
    let bits = random.next()
    let bytes = (0..<Int.random(in: 0...(bits % 50 == 0 ? 3000 : 20), using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    switch random.next() % 7 {
    case 0: return .null
    case 1: return .integer(Int64(bitPattern: bits))
    case 2: return .integer(Int64(bitPattern: bits) >> Int64.random(in: 0...63, using: &random))
    case 3: return .real(bits: bits)
    case 4: return .text(text(using: &random))
    case 5: return .text(bytes)
    default: return .blob(bytes)
    }
  }
}
