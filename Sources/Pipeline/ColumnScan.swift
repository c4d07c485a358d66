import Conversion
import Model
import SQLite
import Schema

/// Learns what one column holds, value by value.
struct ColumnScan {
  private(set) var facts = ColumnFacts()
  private var candidates: [CandidateScan]
  private let measuresTexts: Bool
  private var least: [UInt8] = []
  private var greatest: [UInt8] = []
  private static let textCut = 64

  /// - Parameter measuresTexts: whether to learn what no plan depends on: the longest text, the least and the greatest.
  /// - Throws: `Failure` where a candidate names a zone or a pattern that there is not.
  init(_ candidates: [CandidateTally], findsUnits: Bool, needsSpellings: Bool, measuresTexts: Bool) throws {
    self.measuresTexts = measuresTexts
    self.candidates = try candidates.map {
      try CandidateScan($0, findsUnit: findsUnits, needsSpellings: needsSpellings)
    }
    least.reserveCapacity(Self.textCut)
    greatest.reserveCapacity(Self.textCut)
  }

  /// Looks at the current row's value. True where a candidate met its first misfit: the caller then knows the row's key.
  mutating func take(
    _ statement: borrowing Statement, _ column: Int, _ scratch: inout WireBuffer
  ) -> Bool {
    let value = statement.view(column)
    switch value {
    case .null:
      facts.counts.null &+= 1
      return false
    case .integer(let integer): count(integer)
    case .real(let real): count(real)
    case .text(let bytes): count(text: bytes)
    case .blob(let bytes):
      facts.counts.blob &+= 1
      facts.longestBlob = max(facts.longestBlob, bytes.count)
    }
    return fit(value, &scratch)
  }

  private mutating func count(_ integer: Int64) {
    facts.counts.integer &+= 1
    if integer.magnitude > 1 << 53 { facts.wideIntegers &+= 1 }
    guard let range = facts.integers else {
      facts.integers = integer...integer
      return
    }
    if !range.contains(integer) {
      facts.integers = min(range.lowerBound, integer)...max(range.upperBound, integer)
    }
  }

  private mutating func count(_ real: Double) {
    facts.counts.real &+= 1
    guard real.isFinite else {
      facts.infinities &+= 1
      return
    }
    guard let range = facts.reals else {
      facts.reals = real...real
      return
    }
    if !range.contains(real) { facts.reals = min(range.lowerBound, real)...max(range.upperBound, real) }
  }

  private mutating func count(text bytes: UnsafeRawBufferPointer) {
    let isFirst = facts.counts.text == 0
    facts.counts.text &+= 1
    if bytes.isEmpty { facts.emptyTexts &+= 1 }
    var characters = bytes.count
    if !TextCheck.isPlain(bytes) {
      switch TextCheck.misfit(bytes) {
      case nil: break
      case .nul?: facts.textsWithNUL &+= 1
      default: facts.invalidTexts &+= 1
      }
      characters = Self.characters(of: bytes)
      if characters != bytes.count { facts.textsBeyondASCII &+= 1 }
    }
    guard measuresTexts else { return }
    facts.longestText = max(facts.longestText, characters)
    let start = UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.textCut))
    if isFirst || start.lexicographicallyPrecedes(least) { Self.replace(&least, start) }
    if isFirst || greatest.lexicographicallyPrecedes(start) { Self.replace(&greatest, start) }
  }

  /// Bytes that do not continue a character.
  private static func characters(of bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for byte in bytes where byte & 0xC0 != 0x80 { count &+= 1 }
    return count
  }

  private static func replace(_ text: inout [UInt8], _ bytes: UnsafeRawBufferPointer) {
    text.removeAll(keepingCapacity: true)
    text.append(contentsOf: bytes)
  }

  private mutating func fit(_ value: ValueView, _ scratch: inout WireBuffer) -> Bool {
    var isNew = false
    for index in candidates.indices {
      // Only of the first choice anybody asks how many values do not fit it.
      if index > 0, candidates[index].hasMisfits { continue }
      if candidates[index].take(value, &scratch) { isNew = true }
    }
    return isNew
  }

  /// Gives the candidates that met their first misfit in this row its key.
  mutating func note(key: [Value]) {
    for index in candidates.indices { candidates[index].note(key: key) }
  }

  /// A NULL that the scan did not come across: rows without a key are not read in its order.
  mutating func addNull() { facts.counts.null &+= 1 }

  mutating func result(sampledRows: Int64?) -> ColumnFacts {
    var facts = facts
    if measuresTexts, facts.counts.text > 0 { (facts.leastText, facts.greatestText) = (least, greatest) }
    facts.candidates = candidates.indices.map { candidates[$0].result() }
    facts.sampledRows = sampledRows
    return facts
  }
}

/// Tries one candidate type on the values of a column.
struct CandidateScan {
  private var tally: CandidateTally
  private var codec: ColumnCodec
  /// Whether the column's first number is still to tell what numbers count.
  private var findsUnit: Bool
  private let needsSpellings: Bool
  private var misfits: [Misfit: Int64] = [:]
  /// The misfit met last, and how often in a row: a column of them costs no look-up each.
  private var last: (misfit: Misfit, count: Int64)?
  var hasMisfits: Bool { tally.misfits > 0 }

  init(_ tally: CandidateTally, findsUnit: Bool, needsSpellings: Bool) throws {
    self.tally = tally
    // Of times always: what compares them in a view or a CHECK has to know how SQLite writes them.
    self.needsSpellings = tally.type.isTime || (needsSpellings && [.uuid, .boolean].contains(tally.type))
    codec = try ColumnCodec(tally.type, tally.reading)
    self.findsUnit = findsUnit && tally.type.isTime && tally.type != .time
  }

  /// True for the first misfit.
  mutating func take(_ value: ValueView, _ scratch: inout WireBuffer) -> Bool {
    if findsUnit { findUnit(value) }
    scratch.removeAll()
    guard let misfit = misfit(of: value, &scratch) else { return false }
    tally.misfits &+= 1
    if last?.misfit == misfit {
      last?.count &+= 1
    } else {
      settleLast()
      last = (misfit, 1)
    }
    return tally.misfits == 1
  }

  private mutating func settleLast() {
    if let last { misfits[last.misfit, default: 0] &+= last.count }
    last = nil
  }

  /// The unit concerns numbers alone, and none was tried before.
  private mutating func findUnit(_ value: ValueView) {
    let unit: Reading.Numbers?
    switch value {
    case .integer(let integer): unit = Reading.Numbers(recognising: integer)
    case .real(let real): unit = Reading.Numbers(recognising: real)
    default: return
    }
    findsUnit = false
    var reading = tally.reading
    reading.numbers = unit
    guard unit != nil, let other = try? ColumnCodec(tally.type, reading) else { return }
    tally.reading = reading
    codec = other
  }

  private mutating func misfit(of value: ValueView, _ scratch: inout WireBuffer) -> Misfit? {
    guard needsSpellings else { return Conversion.append(value, as: codec, to: &scratch) }
    do throws(Misfit) {
      let spelling = try Conversion.write(value, as: codec, to: &scratch)
      if tally.spellings.count < CandidateTally.spellingLimit, !tally.spellings.contains(spelling) {
        tally.spellings.append(spelling)
      }
      return nil
    } catch {
      return error
    }
  }

  mutating func note(key: [Value]) {
    if tally.misfits > 0, tally.exampleKey == nil { tally.exampleKey = key }
  }

  mutating func result() -> CandidateTally {
    settleLast()
    var tally = tally
    var counts: [String: Int64] = [:]
    for (misfit, count) in misfits { counts[misfit.reason, default: 0] += count }
    tally.byReason = counts.map { CandidateTally.Reason(reason: $0, count: $1) }
      .sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
    return tally
  }
}
