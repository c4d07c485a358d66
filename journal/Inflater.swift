import CZlib

/// Inflates and checks a payload that arrives piece by piece.
struct Inflater: ~Copyable {
  private let header: BatchHeader
  private let stream = InflateStream()
  private let memory: PayloadMemory
  private var checksum: UInt32 = 0
  private var status = Z_OK
  private var produced = 0

  /// Nil where there is no memory.
  init?(_ header: BatchHeader) {
    // One byte more than stated tells a payload that is too long from one that fits.
    guard let memory = PayloadMemory(byteCount: header.rawLength + 1), stream.isReady else { return nil }
    stream.state.pointee.next_out = memory.base.assumingMemoryBound(to: Bytef.self)
    stream.state.pointee.avail_out = uInt(header.rawLength + 1)
    self.header = header
    self.memory = memory
  }

  /// Takes in the next bytes of the file.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    checksum = Checksum.of(bytes, from: checksum)
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    if status == Z_STREAM_END { status = Z_DATA_ERROR }
    // After an error only the checksum goes on: a flipped bit is to be reported as one.
    guard status == Z_OK, produced <= header.rawLength else { return }
    stream.state.pointee.next_in = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: Bytef.self))
    stream.state.pointee.avail_in = uInt(bytes.count)
    status = inflate(stream.state, Z_NO_FLUSH)
    produced = header.rawLength + 1 - Int(stream.state.pointee.avail_out)
    if status == Z_STREAM_END, stream.state.pointee.avail_in > 0 { status = Z_DATA_ERROR }
    // No progress for want of input or output is not an error yet; `finish` decides.
    if status == Z_BUF_ERROR { status = Z_OK }
  }

  /// The payload, if the checksum, the stream and the length agree.
  consuming func finish(_ file: String) throws(JournalError) -> PayloadMemory {
    guard checksum == header.payloadChecksum else { throw .invalid(file: file, flaw: .payloadChecksum, offset: 116) }
    guard produced <= header.rawLength else { throw .invalid(file: file, flaw: .rawLength, offset: 96) }
    guard status == Z_STREAM_END else {
      throw .invalid(file: file, flaw: .compression, offset: BatchHeader.byteCount)
    }
    guard produced == header.rawLength else { throw .invalid(file: file, flaw: .rawLength, offset: 96) }
    return memory
  }
}
