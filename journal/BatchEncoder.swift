import Model

/// Makes batch files in memory: header and compressed payload. Its buffers are reused from batch to batch.
package struct BatchEncoder: ~Copyable {
  private var deflater = Deflater()
  private var buffer = WireBuffer(capacity: 1 << 16)

  package init() {}

  /// The file made last; the bytes die at the next call.
  package var bytes: UnsafeRawBufferPointer { buffer.bytes }

  /// Makes the file of a batch and returns its header with the fields that encoding finds.
  package mutating func encode(
    _ header: BatchHeader, _ entries: borrowing EntryEncoder, previousChecksum: UInt32 = 0
  ) throws(JournalError) -> BatchHeader {
    try encode(header, payload: entries.payload, entryCount: entries.entryCount, previousChecksum: previousChecksum)
  }

  /// Makes the file of a payload, whatever it holds.
  mutating func encode(
    _ header: BatchHeader, payload: UnsafeRawBufferPointer, entryCount: UInt32, previousChecksum: UInt32
  ) throws(JournalError) -> BatchHeader {
    var header = header
    let file = header.name.description
    guard header.group.rawValue > 0, header.part <= BatchLimits.part else {
      throw .notNext(file: file, reason: "its number is out of range")
    }
    guard header.after.rawValue >= 0, header.last >= header.after else {
      throw .notNext(file: file, reason: "its sequences run backwards")
    }
    guard payload.count <= BatchLimits.rawLength else { throw .tooLarge(file: file, bytes: payload.count) }
    // The header comes first in the file but is known last: its place is filled twice.
    buffer.removeAll()
    header.write(to: &buffer)
    guard deflater.deflate(payload, into: &buffer) else { throw .memory(file: file, bytes: payload.count) }
    header.entryCount = entryCount
    header.rawLength = payload.count
    header.compressedLength = buffer.count - BatchHeader.byteCount
    header.previousChecksum = previousChecksum
    header.payloadChecksum = Checksum.of(UnsafeRawBufferPointer(rebasing: buffer.bytes[BatchHeader.byteCount...]))
    var front = WireBuffer(capacity: BatchHeader.byteCount)
    header.write(to: &front)
    for offset in 0..<BatchHeader.byteCount { buffer.overwrite(at: offset, bigEndian: front.bytes[offset]) }
    return header
  }
}
