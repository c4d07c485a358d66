import Model
import SQLite

/// Reads a table's rows in the order in which they are stored, and condenses them into a count and a SHA-256.
///
/// A row is its rowid, where the table has one, and its stored columns; a value is its storage class (a byte: 0 NULL,
/// 1 INTEGER, 2 REAL, 3 TEXT, 4 BLOB), then nothing, eight bytes, or a length of eight bytes and the bytes themselves.
/// Numbers stand with the most significant byte first.
struct TableReading {
  private static let bytesAtOnce = 1 << 16

  /// Names of all tables that hold pages, changeover's own and SQLite's included: what a virtual table keeps is in others.
  static func tables(of database: borrowing Database) throws -> [String] {
    var names: [String] = []
    try database.forEach(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rowid"
    ) { names.append($0.string(0) ?? "") }
    return names
  }

  /// Reads one table. A table that this SQLite cannot read for want of a function or a collation is told by its reason.
  static func read(
    _ table: String, of database: borrowing Database, onRows: (Int64) throws -> Void
  ) throws -> BackupManifest.Table {
    do {
      return try readRows(of: table, database, onRows)
    } catch let error as SQLiteError where error.isGenericError {
      return BackupManifest.Table(name: table, unread: error.message)
    }
  }

  private static func readRows(
    of table: String, _ database: borrowing Database, _ onRows: (Int64) throws -> Void
  ) throws -> BackupManifest.Table {
    let statement = try database.prepare(query(table, database))
    var hash = SHA256()
    var buffer = WireBuffer(capacity: bytesAtOnce)
    var rows: Int64 = 0
    let width = statement.columnCount
    while try statement.step() {
      var column = 0
      while column < width {
        append(statement, column, to: &buffer, &hash)
        column += 1
      }
      rows += 1
      if buffer.count >= bytesAtOnce { flush(&buffer, &hash) }
      if rows & 0xFFF == 0 { try onRows(rows) }
    }
    flush(&buffer, &hash)
    try onRows(rows)
    return BackupManifest.Table(name: table, rows: rows, sha256: hash.finish())
  }

  /// NOT INDEXED: an index that holds every column would give another order.
  private static func query(_ table: String, _ database: borrowing Database) throws -> String {
    var columns: [String] = []
    // What a generated column computes is stored only where it says so.
    try database.forEach("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 3)", [.text(table)]) {
      columns.append($0.string(0) ?? "")
    }
    let isWithoutRowid = try database.integer(
      "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1", [.text(table)])
    let taken = Set(columns.map { $0.lowercased() })
    let rowid = isWithoutRowid == 0 ? ["rowid", "oid", "_rowid_"].first { !taken.contains($0) } : nil
    let terms = (rowid.map { [$0] } ?? []) + columns.map(SQLiteText.identifier)
    return "SELECT \(terms.joined(separator: ", ")) FROM \(SQLiteText.identifier(table)) NOT INDEXED"
  }

  @inline(__always)
  private static func append(
    _ row: borrowing Statement, _ column: Int, to buffer: inout WireBuffer, _ hash: inout SHA256
  ) {
    func begin(_ storageClass: StorageClass) { buffer.append(byte: storageClass.rawValue) }
    switch row.view(column) {
    case .null: begin(.null)
    case .integer(let integer):
      begin(.integer)
      buffer.append(bigEndian: integer)
    case .real(let real):
      begin(.real)
      buffer.append(bigEndian: real.bitPattern)
    case .text(let bytes):
      begin(.text)
      append(bytes, to: &buffer, &hash)
    case .blob(let bytes):
      begin(.blob)
      append(bytes, to: &buffer, &hash)
    }
  }

  private static func append(
    _ bytes: UnsafeRawBufferPointer, to buffer: inout WireBuffer, _ hash: inout SHA256
  ) {
    buffer.append(bigEndian: UInt64(bytes.count))
    if bytes.count < bytesAtOnce { return buffer.append(bytes) }
    flush(&buffer, &hash)
    hash.update(bytes)
  }

  private static func flush(_ buffer: inout WireBuffer, _ hash: inout SHA256) {
    hash.update(buffer.bytes)
    buffer.removeAll()
  }
}
