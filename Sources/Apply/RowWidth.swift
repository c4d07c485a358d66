import Model
import Schema

/// Whether a row as COPY has it is wider than a page of the server, whatever the server moves out of it (PostgreSQL's
/// documentation, "TOAST"). The server tells that there is such a row, and not which.
struct RowWidth {
  /// What a page has for one row.
  private static let page = 8_160
  private static let header = 24
  /// The server moves out no value up to this size, and leaves a pointer of that size for others.
  private static let longestKept = 24
  private static let pointer = 18

  /// Of each column by how much its field is longer than what is stored.
  private let surplus: [Int]

  init(_ columns: [ColumnPlan]) {
    surplus = columns.map { column in
      switch column.type {
      case .numeric: 6
      case .bytea, .json, .jsonb: -1
      case _ where column.type.isText: -1
      default: 0
      }
    }
  }

  /// - Parameters:
  ///   - start: where the row begins in the buffer.
  ///   - leading: fields before those of the columns.
  func exceedsPage(_ bytes: UnsafeRawBufferPointer, from start: Int, leading: Int) -> Bool {
    var at = start + 2
    var size = Self.header
    var hasNull = false
    for field in 0..<(leading + surplus.count) {
      guard at + 4 <= bytes.count else { return false }
      let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)))
      at += 4 + max(length, 0)
      guard length >= 0 else {
        hasNull = true
        continue
      }
      let stored = length - (field < leading ? 0 : surplus[field - leading])
      size += stored <= Self.longestKept ? max(stored, 0) : Self.pointer
    }
    return size + (hasNull ? surplus.count / 8 : 0) > Self.page
  }
}
