extension String {
  /// A key that two names share if they are one to SQLite: letters of ASCII in either case, every other byte as it is.
  /// (To Swift, and in its `lowercased()`, different spellings of é and its capital are the same.)
  var folded: String {
    if utf8.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "%") }) { return Translator.asciiLower(self) }
    return utf8.reduce(into: "") { key, byte in
      let lower = (65...90).contains(byte) ? byte + 32 : byte
      key += lower < 0x80 && lower != UInt8(ascii: "%") ? String(UnicodeScalar(lower)) : "%" + String(lower, radix: 16)
    }
  }
}
