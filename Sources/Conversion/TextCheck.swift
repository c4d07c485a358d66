/// Whether bytes are text that PostgreSQL takes: valid UTF-8 (no overlong forms, no surrogates) and no NUL.
@usableFromInline package enum TextCheck {
  @inlinable package static func misfit(_ bytes: UnsafeRawBufferPointer) -> Misfit? {
    isPlain(bytes) ? nil : slowMisfit(bytes)
  }

  /// Whether it is ASCII without a NUL.
  @inlinable package static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 8 else { return bytes.allSatisfy { $0 &- 1 < 0x7F } }
    // Eight bytes at a time; the last eight may have been looked at in part.
    var at = 0
    while at &+ 8 <= bytes.count {
      if !isPlain(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) { return false }
      at &+= 8
    }
    return at == bytes.count || isPlain(bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
  }

  /// No high bit anywhere and no byte that is zero.
  @inlinable @inline(__always) static func isPlain(_ word: UInt64) -> Bool {
    let zeroes = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    return (word & 0x8080_8080_8080_8080) | zeroes == 0
  }

  @usableFromInline static func slowMisfit(_ bytes: UnsafeRawBufferPointer) -> Misfit? {
    var at = 0
    while at < bytes.count {
      let lead = bytes[at]
      if lead == 0 { return .nul }
      if lead < 0x80 {
        at += 1
        continue
      }
      let length: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch lead {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, second) = (3, 0xA0...0xBF)
      case 0xED: (length, second) = (3, 0x80...0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, second) = (4, 0x90...0xBF)
      case 0xF4: (length, second) = (4, 0x80...0x8F)
      case 0xF1...0xF3: length = 4
      default: return .invalidUTF8
      }
      guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { return .invalidUTF8 }
      for offset in 2..<max(length, 2) where bytes[at + offset] & 0xC0 != 0x80 { return .invalidUTF8 }
      at += length
    }
    return nil
  }
}
