import CZlib
import Model

/// The header as FORMAT.md lays it out: 128 bytes, big-endian.
extension BatchHeader {
  /// Bytes of a header.
  static let byteCount = 128
  /// The bytes before the header's own checksum, which are those that it covers.
  private static let coveredCount = 124
  /// The first byte is not ASCII, and a transfer that mends line ends breaks the rest: PNG's idea, with `COJ` for a name.
  static let magic: UInt64 = 0x8943_4F4A_0D0A_1A0A
  static let version: UInt16 = 1
  /// The bits of the flags that have a meaning.
  private enum Flag {
    static let moreFollows: UInt8 = 1
    static let keysMayRepeat: UInt8 = 2
    static let changesSchema: UInt8 = 4
    static let all = moreFollows | keysMayRepeat | changesSchema
  }

  /// Appends the header and sets its checksum.
  mutating func write(to buffer: inout WireBuffer) {
    let start = buffer.count
    buffer.append(bigEndian: Self.magic)
    buffer.append(bigEndian: Self.version)
    buffer.append(bigEndian: UInt16(Self.byteCount))
    buffer.append(byte: direction.rawValue)
    var flags = moreFollows ? Flag.moreFollows : 0
    if keysMayRepeat { flags |= Flag.keysMayRepeat }
    if changesSchema { flags |= Flag.changesSchema }
    buffer.append(byte: flags)
    buffer.append(bigEndian: UInt16(0))
    buffer.append(bigEndian: source.high)
    buffer.append(bigEndian: source.low)
    buffer.append(bigEndian: group.rawValue)
    buffer.append(bigEndian: part)
    buffer.append(bigEndian: entryCount)
    buffer.append(bigEndian: after.rawValue)
    buffer.append(bigEndian: last.rawValue)
    buffer.append(bigEndian: nonce)
    buffer.append(bigEndian: capturedAt.microseconds)
    buffer.append(bigEndian: previousLookAt.microseconds)
    buffer.append(bigEndian: schemaFingerprint)
    buffer.append(bigEndian: UInt64(rawLength))
    buffer.append(bigEndian: UInt64(compressedLength))
    buffer.append(bigEndian: previousChecksum)
    buffer.append(bigEndian: payloadChecksum)
    buffer.append(bigEndian: UInt32(0))
    headerChecksum = Checksum.of(UnsafeRawBufferPointer(rebasing: buffer.bytes[start...]))
    buffer.append(bigEndian: headerChecksum)
  }

  /// Reads and checks a header, which the first 128 bytes of a file are.
  init(_ bytes: UnsafeRawBufferPointer) throws(HeaderFlaw) {
    guard bytes.count >= Self.byteCount else { throw HeaderFlaw(.truncatedHeader, at: bytes.count) }
    func read<I: FixedWidthInteger>(_ offset: Int, _: I.Type = I.self) -> I {
      I(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: I.self))
    }
    func require(_ holds: Bool, _ flaw: BatchFlaw, at offset: Int) throws(HeaderFlaw) {
      if !holds { throw HeaderFlaw(flaw, at: offset) }
    }
    try require(read(0) == Self.magic, .magic, at: 0)
    try require(read(8) == Self.version, .version, at: 8)
    try require(read(10, UInt16.self) == Self.byteCount, .headerLength, at: 10)
    let checksum = Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<Self.coveredCount]))
    try require(read(124) == checksum, .headerChecksum, at: 124)
    guard let direction = Direction(rawValue: bytes[12]) else { throw HeaderFlaw(.direction, at: 12) }
    let flags = bytes[13]
    try require(flags & ~Flag.all == 0, .flags, at: 13)
    try require(read(14, UInt16.self) == 0, .reserved, at: 14)
    try require(read(120, UInt32.self) == 0, .reserved, at: 120)
    try require(read(32, Int64.self) > 0, .number, at: 32)
    try require(read(40, UInt32.self) <= BatchLimits.part, .number, at: 40)
    try require(flags & Flag.changesSchema == 0 || read(40, UInt32.self) == 0, .flags, at: 13)
    try require(read(48, Int64.self) >= 0, .sequence, at: 48)
    try require(read(56, Int64.self) >= read(48, Int64.self), .sequence, at: 56)
    let rawLength: UInt64 = read(96)
    let compressedLength: UInt64 = read(104)
    try require(rawLength <= UInt64(BatchLimits.rawLength), .length, at: 96)
    try require(compressedLength <= UInt64(BatchLimits.compressedLength), .length, at: 104)
    try require(rawLength <= compressedLength * BatchLimits.ratio, .length, at: 96)
    try require(UInt64(read(44, UInt32.self)) * BatchLimits.entryLength <= rawLength, .length, at: 44)

    self.init(
      direction: direction, moreFollows: flags & Flag.moreFollows != 0, keysMayRepeat: flags & Flag.keysMayRepeat != 0,
      changesSchema: flags & Flag.changesSchema != 0, source: RandomID(high: read(16), low: read(24)),
      group: GroupNumber(read(32)), part: read(40),
      after: ChangeNumber(read(48)), last: ChangeNumber(read(56)), nonce: read(64),
      capturedAt: Instant(microseconds: read(72)), previousLookAt: Instant(microseconds: read(80)),
      schemaFingerprint: read(88))
    entryCount = read(44)
    self.rawLength = Int(rawLength)
    self.compressedLength = Int(compressedLength)
    previousChecksum = read(112)
    payloadChecksum = read(116)
    headerChecksum = checksum
  }

  /// Reads and checks the header of a file of this length.
  init(_ bytes: UnsafeRawBufferPointer, fileLength: Int, file: String) throws(JournalError) {
    do throws(HeaderFlaw) {
      try self.init(bytes)
    } catch {
      throw .invalid(file: file, flaw: error.flaw, offset: error.offset)
    }
    guard fileLength == Self.byteCount + compressedLength else {
      throw .invalid(file: file, flaw: .fileLength, offset: 104)
    }
  }
}
