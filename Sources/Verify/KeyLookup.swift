import Capture
import Model
import Postgres
import SQLite

/// Looks single rows up in both stores and tells the columns that differ.
struct KeyLookup: ~Copyable {
  /// What is known of one key.
  struct Sides {
    var source: Side?
    var target: Side?
  }

  /// A row in one store, column by column.
  struct Side {
    /// Nil where the source's value does not fit.
    var hashes: [Int64?]
    /// The hashes of decimals as text, and of what the target shows, where `hashes` does not tell the zeros.
    var shown: [Int64?] = []
    var lossy: Set<Int> = []
    var values: [Value]?
    var texts: [String?]?
  }

  private static let batch = 500

  private let compared: ComparedTable
  private let withValues: Bool
  private let statement: Statement
  private var hasher: RowHasher

  init(_ compared: ComparedTable, withValues: Bool, source: borrowing Database) throws {
    let statement = try source.prepare(RowReader.query(compared.table))
    let hasher = try compared.hasher()
    self.compared = compared
    self.withValues = withValues
    self.statement = statement
    self.hasher = hasher
  }

  /// Looks keys up, and gives what is known of each to the closure, in their order.
  mutating func forEach(
    _ keys: [[Value]], target: inout Connection, _ body: (_ number: Int, Sides) throws -> Void
  ) throws {
    for start in stride(from: 0, to: keys.count, by: Self.batch) {
      let batch = start..<min(start + Self.batch, keys.count)
      try target.stop.check()
      var sides = try batch.map { Sides(source: try look(in: keys[$0]), target: nil) }
      try look(on: &target, for: keys[batch], &sides)
      for (offset, side) in sides.enumerated() { try body(start + offset, side) }
    }
  }

  private mutating func look(in key: [Value]) throws -> Side? {
    defer { statement.reset() }
    try statement.bind(all: key)
    guard try statement.step() else { return nil }
    return hasher.readColumns(statement, withValues: withValues)
  }

  private func look(on target: inout Connection, for keys: ArraySlice<[Value]>, _ sides: inout [Sides]) throws {
    var numbers: [Int] = []
    var fields: [[[UInt8]]] = []
    for (offset, key) in keys.enumerated() {
      guard let bound = compared.bound(key) else { continue }  // The target has no such key.
      numbers.append(offset)
      fields.append(bound.fields)
    }
    if numbers.isEmpty { return }
    let query = compared.queries.rows(ofKeys: fields, withValues: withValues)
    let result = try target.query(query.sql, query.parameters)
    for row in 0..<result.rowCount {
      let number = Int(try result.int64(row, 0)) - 1
      guard numbers.indices.contains(number) else {
        throw PostgresError.unexpectedResult("the server numbered a key that was not asked for")
      }
      var side = Side(hashes: [])
      _ = try result.withBytes(row, 1) { bytes in
        side.hashes = try ArrayElements.read(bytes).map { $0.flatMap { $0.count == 8 ? $0.int64 : nil } }
      }
      _ = try result.withBytes(row, 2) { bytes in
        side.shown = try ArrayElements.read(bytes).map { $0.flatMap { $0.count == 8 ? $0.int64 : nil } }
      }
      if withValues {
        _ = try result.withBytes(row, 3) { bytes in
          side.texts = try ArrayElements.read(bytes).map { $0.map { String(decoding: $0, as: UTF8.self) } }
        }
      }
      guard side.hashes.count == compared.plan.columns.count, side.shown.count == side.hashes.count else {
        throw PostgresError.unexpectedResult("a row came with another number of columns")
      }
      sides[numbers[number]].target = side
    }
  }
}

/// The elements of an array in binary form.
enum ArrayElements {
  static func read(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) -> [UnsafeRawBufferPointer?] {
    var elements: [UnsafeRawBufferPointer?] = []
    // Dimensions, whether there are NULLs, the type; for one dimension its count and first subscript.
    guard bytes.count >= 12 else { throw .unexpectedResult("an array is cut off") }
    if bytes.loadUnaligned(as: Int32.self) == 0 { return [] }
    var at = 20
    while at < bytes.count {
      guard at + 4 <= bytes.count else { throw .unexpectedResult("an array is cut off") }
      let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)))
      at += 4
      if length < 0 {
        elements.append(nil)
        continue
      }
      guard at + length <= bytes.count else { throw .unexpectedResult("an array is cut off") }
      elements.append(UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]))
      at += length
    }
    return elements
  }
}

extension UnsafeRawBufferPointer {
  /// Eight bytes, most significant first; the caller has checked that they are eight.
  var int64: Int64 { Int64(bigEndian: loadUnaligned(as: Int64.self)) }
}
