import Conversion
import Model
import SQLite
import Schema

/// Turns rows of the source into the hashes that the target has to give, in one buffer and without an allocation a row.
struct RowHasher: ~Copyable {
  /// What came of a row.
  struct Row {
    /// The row's hash on the target; of no meaning where a value does not fit.
    var hash: Int64
    /// A value does not fit its column: the target cannot have this row as it is.
    var isMisfit = false
    /// The key fits, so that the target can be asked for it.
    var hasKey = true
    /// A value cannot be told from what stands on the target.
    var isLossy = false
    /// It holds a decimal as text, whose zeros count, and the hash does not tell them.
    var showsZeros = false
  }

  let lookup3: Lookup3
  let seed: UInt64
  /// In memory of its own: from an array each use would copy the codec.
  private let codecs: UnsafeMutablePointer<ColumnCodec>
  private let count: Int
  private let digests: [FieldSQL.Digest]
  private let keyPositions: [Int]
  private let isFloat: [Bool]
  private let isDecimal: [Bool]
  private let hidesZeros: [Bool]
  private var buffer = WireBuffer(capacity: 1 << 16)
  /// Where the fields of the row begin.
  private var starts: [Int]
  /// Values of all rows that arrived without their NULs, and '' that arrived as NULL.
  private(set) var stripped: Int64 = 0
  private(set) var emptied: Int64 = 0

  init(_ plan: TablePlan, _ fields: [FieldSQL], _ lookup3: Lookup3, seed: UInt64) throws(Failure) {
    let codecs = try plan.columns.map { column throws(Failure) in try ColumnCodec(column) }
    count = codecs.count
    self.codecs = .allocate(capacity: max(count, 1))
    self.codecs.initialize(from: codecs, count: count)
    self.lookup3 = lookup3
    self.seed = seed
    digests = fields.map(\.digest)
    keyPositions = plan.keyPositions
    isFloat = plan.columns.map { $0.type == .real || $0.type == .double }
    isDecimal = plan.columns.map { $0.type == .numeric(nil) }
    hidesZeros = fields.map(\.hidesZeros)
    starts = Array(repeating: 0, count: plan.columns.count)
  }

  deinit {
    codecs.deinitialize(count: count)
    codecs.deallocate()
  }

  /// Bytes of the row read last.
  var byteCount: Int { buffer.count }

  /// Reads the statement's current row, which begins with the columns of an image.
  mutating func read(_ statement: borrowing Statement) -> Row {
    buffer.removeAll()
    var row = Row(hash: 0)
    var hash = RowHash()
    for column in 0..<count {
      let start = buffer.count
      starts[column] = start
      let passage = append(statement, column)
      if passage != .exact { note(passage, &row) }
      if hidesZeros[column] {
        if statement.storageClass(column) == .text { row.showsZeros = true }
        Conversion.hideZeros(from: start, in: &buffer)
      }
      hash.add(fieldHash(from: start, digests[column]))
    }
    row.hash = hash.finished
    for column in keyPositions where isNull(column) {
      // The target takes no NULL there, whether it is the source's or stands for what does not fit.
      row.hasKey = false
      row.isMisfit = true
    }
    return row
  }

  /// Reads the statement's current row and tells of each column what came of it.
  mutating func passages(of statement: borrowing Statement) -> [Passage] {
    buffer.removeAll()
    var row = Row(hash: 0)
    var passages: [Passage] = []
    for column in 0..<count {
      starts[column] = buffer.count
      let passage = append(statement, column)
      note(passage, &row)
      passages.append(passage)
    }
    return passages
  }

  /// One value from SQLite's memory into the buffer.
  @inline(__always)
  private mutating func append(_ statement: borrowing Statement, _ column: Int) -> Passage {
    Conversion.prove(statement.view(column), as: codecs[column], to: &buffer)
  }

  private mutating func note(_ passage: Passage, _ row: inout Row) {
    switch passage {
    case .exact: break
    case .stripped: stripped += 1
    case .emptied: emptied += 1
    case .lossy: row.isLossy = true
    case .misfit:
      buffer.append(bigEndian: Int32(-1))
      row.isMisfit = true
    }
  }

  @inline(__always)
  private func fieldHash(from start: Int, _ digest: FieldSQL.Digest) -> UInt64 {
    let length = buffer.count &- start &- 4
    if length == 0, buffer.bytes.loadUnaligned(fromByteOffset: start, as: Int32.self) == -1 { return 0 }
    let field = UnsafeRawBufferPointer(rebasing: buffer.bytes[(start &+ 4)...])
    if digest == .never { return lookup3.hash(field, seed: seed) }
    return hash(field, digest, seed: seed)
  }

  private func hash(_ field: UnsafeRawBufferPointer, _ digest: FieldSQL.Digest, seed: UInt64) -> UInt64 {
    let whole = lookup3.hash(field, seed: seed)
    guard digest == .always || (digest == .long && field.count > FieldSQL.longest) else { return whole }
    // The field's place is taken by the hash of an array that it is alone in.
    return withUnsafeBytes(of: (31 &+ whole).bigEndian) { lookup3.hash($0, seed: seed) }
  }

  // MARK: The row read last

  private func isNull(_ column: Int) -> Bool {
    buffer.bytes.loadUnaligned(fromByteOffset: starts[column], as: Int32.self) == -1
  }

  /// The field of a column; nil for NULL.
  private func field(_ column: Int) -> UnsafeRawBufferPointer? {
    if isNull(column) { return nil }
    let length = Int32(bigEndian: buffer.bytes.loadUnaligned(fromByteOffset: starts[column], as: Int32.self))
    let start = starts[column] + 4
    return UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<start + Int(length)])
  }

  /// The key's fields, each as `FieldSQL.keySent` gives it.
  var keyFields: [[UInt8]] { keyPositions.map { keyField($0) } }

  private func keyField(_ column: Int) -> [UInt8] {
    guard let field = field(column) else { return [] }
    let bytes = Array(field)
    // −0.0 has the sign bit only.
    if isFloat[column], bytes.first == 0x80, bytes.dropFirst().allSatisfy({ $0 == 0 }) {
      return Array(repeating: 0, count: bytes.count)
    }
    return isDecimal[column] ? Conversion.hidingZeros(bytes) : bytes
  }

  /// The key's hash, by which a table is divided where the stores sort keys differently; the same in every run.
  var keyHash: UInt64 {
    var hash = RowHash()
    for column in keyPositions {
      if isFloat[column] || isDecimal[column] {
        keyField(column).withUnsafeBytes { hash.add(self.hash($0, digests[column], seed: 0)) }
      } else {
        hash.add(field(column).map { self.hash($0, digests[column], seed: 0) } ?? 0)
      }
    }
    return hash.value
  }

  /// Each column by itself: the hash of an array that the field is alone in.
  func columnHash(_ column: Int) -> Int64 {
    Int64(bitPattern: 31 &+ (field(column).map { hash($0, digests[column], seed: seed) } ?? 0))
  }
}

extension RowHasher {
  /// The statement's current row column by column.
  mutating func readColumns(_ statement: borrowing Statement, withValues: Bool) -> KeyLookup.Side {
    var side = KeyLookup.Side(hashes: [])
    let passages = passages(of: statement)
    for (column, passage) in passages.enumerated() {
      var isMisfit = false
      if case .misfit = passage { isMisfit = true }
      let isShown = hidesZeros[column] && !isMisfit && statement.storageClass(column) == .text
      side.shown.append(isShown ? columnHash(column) : nil)
      if hidesZeros[column] { Conversion.hideZeros(from: starts[column], in: &buffer) }
      side.hashes.append(isMisfit ? nil : columnHash(column))
      if passage == .lossy { side.lossy.insert(column) }
    }
    if withValues { side.values = passages.indices.map { statement.value($0) } }
    return side
  }
}
