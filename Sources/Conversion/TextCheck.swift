/// Whether bytes are text that PostgreSQL takes: valid UTF-8 (no overlong forms, no surrogates) and no NUL.
@usableFromInline package enum TextCheck {
  @inlinable package static func misfit(_ bytes: UnsafeRawBufferPointer) -> Misfit? {
    var at = 0
    // Eight plain ASCII bytes at a time: no high bit anywhere and no byte that is zero.
    while at &+ 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      let zeroes = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if (word & 0x8080_8080_8080_8080) | zeroes != 0 { break }
      at &+= 8
    }
    return at == bytes.count ? nil : slowMisfit(bytes, from: at)
  }

  @usableFromInline static func slowMisfit(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Misfit? {
    var at = start
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
