import Model

/// Appends entries to one reused stretch of memory, with no allocation per row.
///
/// Declare a table, begin an entry, append its values in order, begin the next. A wrong number of values is a bug of the
/// caller that would only show when the change table is long pruned: it stops the process here instead.
@usableFromInline
package struct EntryEncoder: ~Copyable {
  @usableFromInline var buffer = WireBuffer(capacity: 1 << 16)
  /// Values that the open entry still lacks.
  @usableFromInline var lacking = 0
  /// Entries so far, declarations of tables included.
  package private(set) var entryCount: UInt32 = 0
  /// The tables declared so far, in order.
  private var tables: [JournalTable] = []
  private var places: [TableID: Int] = [:]
  private var declaredColumns = 0
  /// The place of the table named last: rows come table by table.
  private var recent = 0

  package init() {}

  /// Bytes before compression, by which a capture decides to begin a new part.
  package var byteCount: Int { buffer.count }

  /// The payload; the bytes die at the next call.
  var payload: UnsafeRawBufferPointer {
    precondition(lacking == 0, "the last entry is not finished")
    return buffer.bytes
  }

  /// Declares a table unless this batch has done so; cheap enough to call before every row.
  ///
  /// A table that changed since the batch declared it is refused: the capture ends the part and declares it in the next.
  package mutating func declare(_ table: JournalTable) throws(JournalError) {
    if recent < tables.count, tables[recent] == table { return }
    if let place = places[table.id] {
      guard tables[place] == table else {
        throw .table(name: table.name, reason: "differs from the one that this batch already holds")
      }
      return
    }
    precondition(lacking == 0, "the entry before is not finished")
    let flaw = table.flaw ?? (table.columns.count > BatchLimits.declaredColumns - declaredColumns ? .columnCount : nil)
    if let flaw { throw .table(name: table.name, reason: flaw.message) }
    begin(EntryKind.table, table.id)
    append(name: table.name)
    buffer.append(varint: UInt64(table.columns.count))
    for column in table.columns { append(name: column) }
    buffer.append(varint: UInt64(table.keyPositions.count))
    for position in table.keyPositions { buffer.append(varint: UInt64(position)) }
    recent = tables.count
    places[table.id] = tables.count
    tables.append(table)
    declaredColumns += table.columns.count
  }

  /// Says how the schema changed: the first entry of a group whose header says that it `changesSchema`.
  package mutating func changeSchema(_ description: String) {
    precondition(entryCount == 0, "a change of the schema is the first entry")
    buffer.append(byte: EntryKind.schema)
    append(name: description)
    entryCount += 1
  }

  /// Begins a row's image: one value a column follows.
  package mutating func beginUpsert(_ id: TableID) {
    find(id)
    begin(EntryKind.upsert, id)
    lacking = tables[recent].columns.count
  }

  /// Begins the delete of a row: one value a key column follows.
  package mutating func beginDelete(_ id: TableID) {
    find(id)
    begin(EntryKind.delete, id)
    lacking = tables[recent].keyPositions.count
  }

  /// Declares a table and says that its rows are those that later entries of the group write, and no others.
  ///
  /// Comes before any row of the table: what this batch held of it before would be gone with the rest.
  package mutating func replace(_ table: JournalTable) throws(JournalError) {
    precondition(places[table.id] == nil, "table \(table.id) is declared already in this batch")
    try declare(table)
    begin(EntryKind.replaceTable, table.id)
  }

  /// Forgets everything, declarations too, for the next batch; the memory stays.
  package mutating func removeAll() {
    rollback(to: Mark(byteCount: 0, entryCount: 0, tableCount: 0))
  }

  /// A place between two entries.
  package struct Mark: Sendable {
    fileprivate let byteCount: Int
    fileprivate let entryCount: UInt32
    fileprivate let tableCount: Int
  }

  /// The place after the last finished entry.
  package func mark() -> Mark {
    precondition(lacking == 0, "the last entry is not finished")
    return Mark(byteCount: buffer.count, entryCount: entryCount, tableCount: tables.count)
  }

  /// Drops what was appended since the mark, half an entry and declarations of tables included.
  package mutating func rollback(to mark: Mark) {
    buffer.truncate(to: mark.byteCount)
    entryCount = mark.entryCount
    while tables.count > mark.tableCount, let table = tables.popLast() {
      places[table.id] = nil
      declaredColumns -= table.columns.count
    }
    recent = 0
    lacking = 0
  }

  /// Makes `recent` the place of a table.
  private mutating func find(_ id: TableID) {
    if recent < tables.count, tables[recent].id == id { return }
    guard let place = places[id] else { preconditionFailure("table \(id) is not declared in this batch") }
    recent = place
  }

  private mutating func begin(_ kind: UInt8, _ id: TableID) {
    precondition(lacking == 0, "the entry before is not finished")
    buffer.append(byte: kind)
    buffer.append(varint: UInt64(bitPattern: id.rawValue))
    entryCount += 1
  }

  private mutating func append(name: String) {
    buffer.append(varint: UInt64(name.utf8.count))
    buffer.append(utf8: name)
  }
}
