import Glibc

/// Overwrites passwords in this process's own arguments, where `ps` would show them to everybody on the machine.
enum ArgumentMask {
  static func hidePasswords() {
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      let bytes = UnsafeMutableBufferPointer(start: argument, count: strlen(argument))
      for range in passwordRanges(bytes.map { UInt8(bitPattern: $0) }) {
        for position in range { bytes[position] = CChar(bitPattern: UInt8(ascii: "x")) }
      }
    }
  }

  /// The password of a connection URI (between the first `:` of the user part and its `@`) or of `password=…`.
  static func passwordRanges(_ bytes: [UInt8]) -> [Range<Int>] {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.count == bytes.count else { return [0..<bytes.count] }
    var ranges: [Range<Int>] = []
    if let scheme = find("://", in: bytes, from: 0) {
      let start = scheme + 3
      let end = bytes[start...].firstIndex { [UInt8(ascii: "/"), UInt8(ascii: "?")].contains($0) } ?? bytes.count
      if let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")),
        let colon = bytes[start..<at].firstIndex(of: UInt8(ascii: ":"))
      {
        ranges.append((colon + 1)..<at)
      }
    }
    var from = 0
    while let found = find("password=", in: bytes, from: from) {
      let start = found + "password=".utf8.count
      let end = endOfValue(bytes, from: start)
      ranges.append(start..<end)
      from = end
    }
    return ranges
  }

  /// A value in single quotes, with backslashes before a quote in it, or one up to a space or the next parameter.
  private static func endOfValue(_ bytes: [UInt8], from start: Int) -> Int {
    guard start < bytes.count, bytes[start] == UInt8(ascii: "'") else {
      return bytes[start...].firstIndex { [UInt8(ascii: " "), UInt8(ascii: "&")].contains($0) } ?? bytes.count
    }
    var at = start + 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "'") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
    return min(at + 1, bytes.count)
  }

  private static func find(_ text: String, in bytes: [UInt8], from: Int) -> Int? {
    let wanted = Array(text.utf8)
    guard bytes.count - from >= wanted.count else { return nil }
    return (from...(bytes.count - wanted.count)).first { Array(bytes[$0..<($0 + wanted.count)]) == wanted }
  }
}
