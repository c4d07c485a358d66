import Model
import Schema

/// Numbers of SQLite.
extension Conversion {
  static func write(
    _ integer: Int64, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    switch type {
    case .smallint:
      guard let short = Int16(exactly: integer) else { throw .outOfRange(type) }
      append(field: short, to: &buffer)
    case .integer:
      guard let short = Int32(exactly: integer) else { throw .outOfRange(type) }
      append(field: short, to: &buffer)
    case .bigint: append(field: integer, to: &buffer)
    case .real:
      guard (-(1 << 24)...(1 << 24)).contains(integer) else { throw .inexact(type) }
      append(field: Float(integer).bitPattern, to: &buffer)
    case .double:
      guard exactIntegers.contains(integer) else { throw .inexact(type) }
      append(field: Double(integer).bitPattern, to: &buffer)
    case .numeric(let limits): try NumericField.append(integer, limits, to: &buffer)
    case .boolean:
      guard integer == 0 || integer == 1 else { throw .outOfRange(type) }
      append(field: UInt8(integer), to: &buffer)
    case .date, .timestamp, .timestamptz:
      guard let unit = codec.numbers else { throw .storageClass(.integer, type) }
      try append(microseconds: TimeNumber.microseconds(integer, unit, type), as: type, to: &buffer)
    case .anyText, .keyText: append(text: String(integer), to: &buffer)
    default: throw .storageClass(.integer, type)
    }
    return .integer
  }

  static func write(
    _ real: Double, as codec: borrowing ColumnCodec, to buffer: inout WireBuffer
  ) throws(Misfit) -> Spelling {
    let type = codec.type
    switch type {
    case .real:
      let short = Float(real)
      guard short.isFinite || !real.isFinite else { throw .outOfRange(type) }
      guard Double(short).bitPattern == real.bitPattern else { throw .inexact(type) }
      append(field: short.bitPattern, to: &buffer)
    case .double: append(field: real.bitPattern, to: &buffer)
    case .numeric(let limits): try NumericField.append(real, limits, to: &buffer)
    case .date, .timestamp, .timestamptz:
      guard let unit = codec.numbers else { throw .storageClass(.real, type) }
      try append(microseconds: TimeNumber.microseconds(real, unit, type), as: type, to: &buffer)
    case .anyText: append(text: "\(real)", to: &buffer)
    case .keyText:
      guard real.isFinite else { throw .storageClass(.real, type) }
      append(text: "\(real)", to: &buffer)
    default: throw .storageClass(.real, type)
    }
    return .real
  }

  /// A point in time, for a date only where it is a midnight.
  private static func append(
    microseconds: Int64, as type: TargetType, to buffer: inout WireBuffer
  ) throws(Misfit) {
    guard type == .date else { return append(field: microseconds, to: &buffer) }
    let (days, rest) = microseconds.quotientAndRemainder(dividingBy: CalendarTime.day)
    guard rest == 0 else { throw .inexact(type) }
    append(field: Int32(days), to: &buffer)
  }
}
