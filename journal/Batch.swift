import Glibc
import Model

/// A batch read into memory whose checksums, lengths and compression hold. Its entries are checked as they are walked.
package struct Batch: ~Copyable, Sendable {
  package let header: BatchHeader
  /// The file, for messages.
  package let file: String
  private let payload: PayloadMemory

  /// Reads a batch file.
  package init(reading path: String) throws(JournalError) {
    let source = try File(reading: path)
    let (header, _) = try source.header()
    guard var inflater = Inflater(header) else { throw .memory(file: path, bytes: header.rawLength) }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    var rest = header.compressedLength
    while rest > 0 {
      let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(rest, chunk.count)]))
      guard count > 0 else { throw .invalid(file: path, flaw: .fileLength, offset: 104) }
      inflater.feed(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      rest -= count
    }
    payload = try inflater.finish(path)
    self.header = header
    file = path
  }

  /// Reads a batch from memory; `file` names it in messages.
  package init(bytes: UnsafeRawBufferPointer, file: String) throws(JournalError) {
    let header = try BatchHeader(bytes, fileLength: bytes.count, file: file)
    guard var inflater = Inflater(header) else { throw .memory(file: file, bytes: header.rawLength) }
    inflater.feed(UnsafeRawBufferPointer(rebasing: bytes[BatchHeader.byteCount...]))
    payload = try inflater.finish(file)
    self.header = header
    self.file = file
  }

  /// Lends a cursor before the first entry.
  package borrowing func withEntries<R: ~Copyable, E: Error>(
    _ body: (inout EntryCursor) throws(E) -> R
  ) throws(E) -> R {
    var cursor = EntryCursor(base: payload.base, header: header, file: file)
    return try body(&cursor)
  }

  /// Walks all entries for their own sake: what is left of validity after the checksums.
  package borrowing func validate() throws(JournalError) {
    try withEntries { entries throws(JournalError) in
      while try entries.next() != nil {}
    }
  }

  /// The payload before compression, lent.
  borrowing func withPayload<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: payload.base, count: header.rawLength))
  }
}
