import Model

/// Walks the entries of a batch. The values that it lends die with the batch.
package struct EntryCursor {
  private var reader: PayloadReader
  private let file: String
  /// The number of entries that the header states.
  private let expected: UInt32
  private var seen: UInt32 = 0
  private var tables: [JournalTable] = []
  private var places: [TableID: Int] = [:]
  private var declaredColumns = 0
  /// Whether the first entry is to be a change of the schema.
  private let changesSchema: Bool
  /// What the first entry says of it, once it was read.
  package private(set) var schemaChange: String?
  /// The place of the table named last: rows come table by table.
  private var recent = 0
  /// The entry before was a declaration, which a replacement must follow at once.
  private var declaredJustNow = false
  /// Values of the entry that were not read yet.
  private var pending = 0

  init(base: UnsafeRawPointer, header: BatchHeader, file: String) {
    reader = PayloadReader(base: base, count: header.rawLength)
    expected = header.entryCount
    changesSchema = header.changesSchema
    self.file = file
  }

  /// The next row, or nil after the last. Values of the row before that were not read are checked and passed over.
  package mutating func next() throws(JournalError) -> Entry? {
    do throws(BatchFlaw) {
      while pending > 0 { _ = try readValue() }
      while true {
        switch try step() {
        case .end: return nil
        case .declared, .schema: continue
        case .row(let entry): return entry
        }
      }
    } catch {
      throw invalid(error)
    }
  }

  /// The next value of the entry: call it once a column after an upsert, once a key column after a delete.
  package mutating func value() throws(JournalError) -> ValueView {
    precondition(pending > 0, "all values of the entry were read")
    do throws(BatchFlaw) {
      return try readValue()
    } catch {
      throw invalid(error)
    }
  }

  /// One entry further, declarations too: what shows a batch entry by entry needs to see them.
  mutating func advance() throws(JournalError) -> Step {
    do throws(BatchFlaw) {
      while pending > 0 { _ = try readValue() }
      return try step()
    } catch {
      throw invalid(error)
    }
  }

  /// What one entry was.
  enum Step {
    case end
    case declared(JournalTable)
    case schema(String)
    case row(Entry)
  }

  private mutating func step() throws(BatchFlaw) -> Step {
    if reader.remaining == 0 {
      guard seen == expected else { throw .entryCount }
      if changesSchema, seen == 0 { throw .schemaChange }
      return .end
    }
    guard seen < expected else { throw .entryCount }
    seen &+= 1
    let isFirst = seen == 1
    let followsDeclaration = declaredJustNow
    declaredJustNow = false
    let kind = try reader.byte()
    if isFirst, changesSchema != (kind == EntryKind.schema) {
      guard EntryKind.known.contains(kind) else { throw .kind }
      throw .schemaChange
    }
    switch kind {
    case EntryKind.schema:
      guard isFirst else { throw .schemaChange }
      let change = try reader.name()
      schemaChange = change
      return .schema(change)
    case EntryKind.table:
      declaredJustNow = true
      return .declared(try readTable())
    case EntryKind.upsert:
      try findTable()
      pending = tables[recent].columns.count
      return .row(.upsert(tables[recent]))
    case EntryKind.delete:
      try findTable()
      pending = tables[recent].keyPositions.count
      return .row(.delete(tables[recent]))
    case EntryKind.replaceTable:
      try findTable()
      guard followsDeclaration, recent == tables.count - 1 else { throw .replacement }
      return .row(.replaceTable(tables[recent]))
    default:
      throw .kind
    }
  }

  private mutating func readTableID() throws(BatchFlaw) -> TableID {
    guard let id = Int64(exactly: try reader.varint()) else { throw .tableID }
    return TableID(id)
  }

  /// Reads a table's number and makes `recent` its place.
  private mutating func findTable() throws(BatchFlaw) {
    let id = try readTableID()
    if recent < tables.count, tables[recent].id == id { return }
    guard let place = places[id] else { throw .undeclaredTable }
    recent = place
  }

  private mutating func readTable() throws(BatchFlaw) -> JournalTable {
    let id = try readTableID()
    if places[id] != nil { throw .duplicateTable }
    let name = try reader.name()
    let columnCount = try reader.count(1...BatchLimits.columns, else: .columnCount)
    declaredColumns &+= columnCount
    if declaredColumns > BatchLimits.declaredColumns { throw .columnCount }
    var columns: [String] = []
    columns.reserveCapacity(columnCount)
    for _ in 0..<columnCount { columns.append(try reader.name()) }
    let keyCount = try reader.count(1...columnCount, else: .keyCount)
    var keyPositions: [Int] = []
    keyPositions.reserveCapacity(keyCount)
    for _ in 0..<keyCount { keyPositions.append(Int(clamping: try reader.varint())) }
    let table = JournalTable(id: id, name: name, columns: columns, keyPositions: keyPositions)
    if let flaw = table.flaw { throw flaw }
    recent = tables.count
    places[id] = tables.count
    tables.append(table)
    return table
  }

  private mutating func readValue() throws(BatchFlaw) -> ValueView {
    pending &-= 1
    return try reader.value()
  }

  @inline(never) private func invalid(_ flaw: BatchFlaw) -> JournalError {
    .invalid(file: file, flaw: flaw, offset: reader.offset)
  }
}
