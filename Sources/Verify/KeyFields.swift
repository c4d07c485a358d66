import Conversion
import Model
import Schema

/// Keys of a table as the source stores them, and as the target's types send them.
package struct KeyFields: Sendable {
  private let positions: [Int]
  private let codecs: [ColumnCodec]
  private let isDecimal: [Bool]

  package init(_ plan: TablePlan) throws(Failure) {
    positions = plan.keyPositions
    isDecimal = plan.keyColumns.map { $0.type == .numeric(nil) }
    codecs = try plan.keyColumns.map { column throws(Failure) in try ColumnCodec(column) }
  }

  /// Nil where the key does not fit: the target cannot have it.
  package func fields(of key: [Value]) -> [[UInt8]]? {
    var fields: [[UInt8]] = []
    var buffer = WireBuffer(capacity: 64)
    for (value, codec) in zip(key, codecs) {
      buffer.removeAll()
      let passage = value.withView { Conversion.prove($0, as: codec, to: &buffer) }
      if case .misfit = passage { return nil }
      if buffer.bytes.loadUnaligned(as: Int32.self) == -1 { return nil }
      fields.append(Array(buffer.bytes.dropFirst(4)))
    }
    return fields
  }

  /// Nil where the source has no such value.
  /// - Parameters:
  ///   - fields: as `FieldSQL.keySent` gives them.
  ///   - affinity: that of the column at a place.
  func image(of fields: [[UInt8]], affinity: (Int) -> Affinity) -> [Value]? {
    var key: [Value] = []
    for (number, field) in fields.enumerated() {
      guard
        let value = Self.image(
          field, codecs[number], affinity(positions[number]), isDecimal: isDecimal[number])
      else { return nil }
      key.append(value)
    }
    return key
  }

  private static func image(
    _ field: [UInt8], _ codec: ColumnCodec, _ affinity: Affinity, isDecimal: Bool
  ) -> Value? {
    // A column of REAL affinity stores no integers, one of another numeric affinity no whole doubles.
    let numbers: [Spelling] = affinity == .real ? [.real] : [.integer, .real]
    let spellings = codec.reading.spelling.map { [$0] } ?? numbers + [.text, .blob]
    var buffer = WireBuffer(capacity: 64)
    for spelling in spellings {
      let value = field.withUnsafeBytes { Conversion.decode($0, as: codec, spelling: spelling) }
      guard let value else { continue }
      buffer.removeAll()
      // It has to be what the source would give the target.
      guard value.withView({ Conversion.append($0, as: codec, to: &buffer) }) == nil else { continue }
      if isDecimal { Conversion.hideZeros(from: 0, in: &buffer) }
      guard buffer.bytes.dropFirst(4).elementsEqual(field) else { continue }
      return value
    }
    return nil
  }
}
