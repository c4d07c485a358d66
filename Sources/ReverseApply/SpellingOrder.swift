import Conversion
import Model
import Schema

/// The spellings to try for a column's values, the likeliest first: the habit, then what the declared type suggests, then
/// richer ones, until one gives the value back exactly.
struct SpellingOrder: Sendable, Equatable {
  let whole: [Spelling]
  let fractional: [Spelling]

  /// - Parameter affinity: of the column in SQLite.
  init(_ type: TargetType, _ reading: Reading, affinity: Affinity, habit: Habit) {
    if let only = reading.spelling {
      (whole, fractional) = ([only], [only])
      return
    }
    let usual = Self.usual(type, reading, affinity)
    func order(isWhole: Bool) -> [Spelling] {
      var known = habit.spellings(isWhole: isWhole)
      // Hardly any text looks like a BLOB, but every BLOB could be text.
      if type == .anyText, known.contains(.blob) { known.insert(.blob, at: 0) }
      guard type.isTime else { return Self.distinct(known + usual) }
      func finer(_ spellings: [Spelling]) -> [Spelling] {
        guard reading.format == nil else { return Self.allByPattern }
        let text = spellings.first { $0.storageClass == .text }.flatMap { TimeSpelling($0) }
        return text.map { Self.finer(than: $0, type) } ?? []
      }
      // Finer numbers before text where numbers are the habit.
      let isNumber = known.first.map { $0.storageClass != .text } ?? true
      let numbers = isNumber ? usual.filter { $0.storageClass != .text } : []
      return Self.distinct(known + numbers + finer(known) + usual + finer(usual))
    }
    whole = order(isWhole: true)
    fractional = order(isWhole: false)
  }

  /// How values of the type are commonly written where no habit shows. The rest of what the type reads comes after it.
  private static func usual(_ type: TargetType, _ reading: Reading, _ affinity: Affinity) -> [Spelling] {
    switch type {
    case .smallint, .integer, .bigint: return [.integer]
    case .real, .double: return [.real, .integer]
    // Text with as many digits as the value needs is tried by the column itself.
    case .numeric: return affinity == .text ? [] : [.integer, .real]
    case .boolean: return [.integer, .text(form: 0)]
    case .date, .time, .timestamp, .timestamptz:
      let numbers: [Spelling] =
        switch reading.numbers {
        case nil: []
        case .julianDay: [.real, .integer]
        case _ where type == .time: []
        default: [.integer, .real]
        }
      return numbers + [plain(type, reading).spelling]
    case .uuid: return [.text(form: 0), .blob]
    case .bytea:
      guard reading.nul == .bytea else { return [.blob] }
      return affinity == .text ? [.text, .blob] : [.blob, .text]
    case .anyText, .keyText:
      switch affinity {
      case .integer, .numeric: return [.integer, .real, .text, .blob]
      case .real: return [.real, .integer, .text, .blob]
      case .text, .blob: return [.text]
      }
    case .json, .jsonb, .text, .varchar, .char, .citext, .enumeration: return [.text]
    }
  }

  /// As SQLite's own functions write it.
  private static func plain(_ type: TargetType, _ reading: Reading) -> TimeSpelling {
    var form = TimeSpelling()
    if type == .date || reading.format != nil { return form }
    form.precision = 1
    if type != .time { form.separator = .space }
    if type == .timestamptz, reading.zone == nil { form.zone = .colon }
    return form
  }

  /// The same form with seconds, milliseconds, microseconds; then with an offset where there is none, for the hour that a
  /// clock put back shows twice.
  private static func finer(than form: TimeSpelling, _ type: TargetType) -> [Spelling] {
    if type == .date { return [form.spelling, TimeSpelling().spelling] }
    var form = form
    if type != .time, form.separator == .dateOnly { form.separator = .space }
    var zoned = form
    zoned.zone = .colon
    let forms = type == .timestamptz && form.zone == .none ? [form, zoned] : [form]
    return forms.flatMap { form in
      ([1, 4, 7] as [UInt32]).map { precision in
        var finer = form
        finer.precision = precision
        return finer.spelling
      }
    }
  }

  /// A pattern fixes the form, but for the digits of its fraction and how its offset is written.
  private static let allByPattern: [Spelling] = {
    let zones: [TimeSpelling.ZoneForm] = [.none, .digits, .colon, .upperZ, .hours]
    return zones.flatMap { zone in
      ([0, 7, 4, 2, 3, 5, 6] as [UInt32]).map { precision in
        var form = TimeSpelling()
        (form.precision, form.zone) = (precision, zone)
        return form.spelling
      }
    }
  }()

  private static func distinct(_ spellings: [Spelling]) -> [Spelling] {
    var seen: Set<Spelling> = []
    return spellings.filter { seen.insert($0).inserted }
  }
}
