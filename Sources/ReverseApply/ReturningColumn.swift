import Conversion
import Glibc
import Model
import SQLite
import Schema

/// How one column's values come back: compared with what is stored, and written in the column's spelling.
struct ReturningColumn {
  let name: String
  private let type: TargetType
  private let codec: ColumnCodec
  private let affinity: Affinity
  private let order: SpellingOrder
  /// NULL is written as '' where '' was read as NULL and the column takes none.
  private let nullIsEmptyText: Bool
  /// Values of most columns need no decoding: their bytes are the image.
  private let plain: Plain?

  private enum Plain { case bigint, double, text, blob }

  /// - Parameter column: nil for the hidden column of a table without a key.
  init(_ plan: ColumnPlan, of column: SourceColumn?, habit: Habit) throws(Failure) {
    name = plan.sourceName
    type = plan.type
    codec = try ColumnCodec(plan)
    affinity = column?.affinity ?? .integer
    order = SpellingOrder(plan.type, plan.reading, affinity: affinity, habit: habit)
    nullIsEmptyText = plan.reading.empty == .null && column?.notNull == true
    plain = Self.plain(plan, order)
  }

  private static func plain(_ plan: ColumnPlan, _ order: SpellingOrder) -> Plain? {
    guard plan.reading.spelling == nil, plan.reading.nul != .strip else { return nil }
    switch plan.type {
    case .bigint: return .bigint
    case .double: return order.whole.first == .real && order.fractional.first == .real ? .double : nil
    case .text, .varchar, .citext, .enumeration: return .text
    case .bytea: return plan.reading.nul == .bytea ? nil : .blob
    default: return nil
    }
  }

  /// Whether the habit is of any use.
  static func needsHabit(_ plan: ColumnPlan) -> Bool {
    guard plan.reading.spelling == nil else { return false }
    switch plan.type {
    case .smallint, .integer, .bigint, .json, .jsonb, .text, .varchar, .char, .citext, .enumeration: return false
    case .bytea: return plan.reading.nul == .bytea
    case .real, .double, .numeric, .boolean, .date, .time, .timestamp, .timestamptz, .uuid, .anyText, .keyText:
      return true
    }
  }

  /// Whether a value could be stored as another one whatever its spelling: then a key has to be looked at once found.
  var isLoose: Bool {
    switch type {
    case .smallint, .integer, .bigint: false
    default: affinity != .blob && affinity != .text
    }
  }

  // MARK: Comparing

  /// Whether a stored value is the field's already. Its spelling does not matter, but of a decimal written as text the
  /// zeros do.
  func matches(_ stored: ValueView, _ field: UnsafeRawBufferPointer?, _ scratch: inout WireBuffer) -> Bool {
    if case .text = stored, case .numeric = type { return holds(stored, field, exactly: true, &scratch) }
    return holds(stored, field, exactly: false, &scratch)
  }

  /// Whether what was written is the field's value.
  func holds(_ stored: ValueView, _ field: UnsafeRawBufferPointer?, _ scratch: inout WireBuffer) -> Bool {
    holds(stored, field, exactly: false, &scratch)
  }

  private func holds(
    _ stored: ValueView, _ field: UnsafeRawBufferPointer?, exactly: Bool, _ scratch: inout WireBuffer
  ) -> Bool {
    switch (plain, stored, field) {
    case (_, .null, nil): return true
    case (.bigint?, .integer(let integer), let field?):
      return field.count == 8 && Int64(bigEndian: field.loadUnaligned(as: Int64.self)) == integer
    case (.text?, .text(let bytes), let field?), (.blob?, .blob(let bytes), let field?):
      return Self.isSame(bytes, field)
    default: break
    }
    scratch.removeAll()
    guard Conversion.append(stored, as: codec, to: &scratch) == nil else { return false }
    let isNull =
      scratch.count == 4
      && Int32(bigEndian: scratch.bytes.loadUnaligned(as: Int32.self)) < 0
    guard let field, !isNull else { return field == nil && isNull }
    let own = UnsafeRawBufferPointer(rebasing: scratch.bytes[4...])
    if Self.isSame(own, field) { return true }
    if exactly { return false }
    if Conversion.isSame(own, field, as: type) { return true }
    guard type == .jsonb, case .text(let text) = stored, let canon = JSONCanon.text(of: text) else { return false }
    return canon.elementsEqual(field.dropFirst())
  }

  private static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard let first = one.baseAddress, let second = other.baseAddress else { return one.isEmpty }
    return memcmp(first, second, one.count) == 0
  }

  // MARK: Writing

  /// Binds the value in the likeliest spelling; false where it needs a closer look.
  @inline(__always)
  func bindPlain(
    _ field: UnsafeRawBufferPointer?, to statement: borrowing Statement, at position: Int
  ) throws(SQLiteError) -> Bool {
    guard let field else {
      if nullIsEmptyText { return false }
      try statement.bindNull(position)
      return true
    }
    switch plain {
    case nil: return false
    case .bigint?:
      guard field.count == 8 else { return false }
      try statement.bind(Int64(bigEndian: field.loadUnaligned(as: Int64.self)), at: position)
    case .double?:
      guard field.count == 8 else { return false }
      let real = Double(bitPattern: UInt64(bigEndian: field.loadUnaligned(as: UInt64.self)))
      if real.isNaN { return false }
      try statement.bind(real, at: position)
    case .text?: try statement.bind(text: field, at: position)
    case .blob?: try statement.bind(blob: field, at: position)
    }
    return true
  }

  /// The image to write, when as many were tried already and did not come back as the value that they were.
  func image(of field: UnsafeRawBufferPointer?, skipping tried: Int) -> Result<Value, Refusal> {
    guard let field else {
      if tried > 0 { return .failure(.altered(name, type, affinity)) }
      return .success(nullIsEmptyText ? .text([]) : .null)
    }
    var left = tried
    let isWhole = order.whole == order.fractional || Conversion.isWhole(field, as: type)
    for spelling in isWhole ? order.whole : order.fractional {
      guard let value = Conversion.decode(field, as: codec, spelling: spelling), !value.isNaN else { continue }
      if left == 0 { return .success(value) }
      left -= 1
    }
    if case .numeric = type, codec.reading.spelling == nil, let forms = Conversion.decimalSpellings(of: field) {
      for spelling in forms.shown == forms.needed ? [forms.shown] : [forms.shown, forms.needed] {
        guard let value = Conversion.decode(field, as: codec, spelling: spelling) else { continue }
        if left == 0 { return .success(value) }
        left -= 1
      }
    }
    return .failure(refusal(of: field, wasAltered: left < tried))
  }

  private func refusal(of field: UnsafeRawBufferPointer, wasAltered: Bool) -> Refusal {
    switch Conversion.oddity(of: field, as: type) {
    case .notANumber?: .notANumber(name)
    case .infinite?: .infinite(name)
    case .years?: .years(name)
    case nil: wasAltered ? .altered(name, type, affinity) : .unspelled(name, type)
    }
  }

  // MARK: Keys

  /// The field as it tells keys apart: to the target 1.0 and 1.00 are one key.
  func identity(of field: UnsafeRawBufferPointer) -> Value { Self.identity(of: Array(field), as: type) }

  static func identity(of field: [UInt8], as type: TargetType) -> Value {
    var bytes = field
    if case .numeric = type, bytes.count >= 8 { (bytes[6], bytes[7]) = (0, 0) }
    return .blob(bytes)
  }
}

extension Value {
  fileprivate var isNaN: Bool { if case .real(let bits) = self { Double(bitPattern: bits).isNaN } else { false } }
}

extension Refusal: Error {}

extension UnsafeRawBufferPointer {
  fileprivate func loadUnaligned<T: BitwiseCopyable>(as type: T.Type) -> T {
    loadUnaligned(fromByteOffset: 0, as: type)
  }
}
