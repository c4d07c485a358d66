import CZlib

/// CRC-32 as zlib, gzip and PNG have it (reflected, polynomial 0xEDB88320).
enum Checksum {
  /// The checksum of what `start` already covers followed by `bytes`.
  static func of(_ bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
    let first = bytes.bindMemory(to: UInt8.self).baseAddress
    // zlib takes a missing buffer for a request of the initial value.
    guard let first, !bytes.isEmpty else { return start }
    return UInt32(truncatingIfNeeded: crc32_z(UInt(start), first, bytes.count))
  }
}
