import CZlib
import Model

/// A zlib stream of level 1, reused from batch to batch: its tables take 256 KiB.
struct Deflater: ~Copyable {
  /// The fastest: level 6 takes four times the time for a sixth less.
  private static let level: Int32 = 1
  private static let chunk = 1 << 16

  private let stream: UnsafeMutablePointer<z_stream>
  private let output: UnsafeMutablePointer<Bytef>
  private let ready: Bool

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    output = .allocate(capacity: Self.chunk)
    ready = deflateInit_(stream, Self.level, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Appends `bytes` as one zlib stream; false where there is no memory. At most 4 GiB.
  mutating func deflate(_ bytes: UnsafeRawBufferPointer, into buffer: inout WireBuffer) -> Bool {
    guard ready, deflateReset(stream) == Z_OK else { return false }
    let start = bytes.baseAddress?.assumingMemoryBound(to: Bytef.self)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
    stream.pointee.avail_in = uInt(bytes.count)
    while true {
      stream.pointee.next_out = output
      stream.pointee.avail_out = uInt(Self.chunk)
      let status = CZlib.deflate(stream, Z_FINISH)
      buffer.append(UnsafeRawBufferPointer(start: output, count: Self.chunk - Int(stream.pointee.avail_out)))
      if status == Z_STREAM_END { return true }
      guard status == Z_OK || status == Z_BUF_ERROR else { return false }
    }
  }
}
