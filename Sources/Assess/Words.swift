/// Numbers and names as people read them.
enum Words {
  /// 1234567 as `1,234,567`.
  static func number(_ value: Int64) -> String {
    let digits = Array(String(value.magnitude))
    var out = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { out += "," }
      out.append(digit)
    }
    return out
  }

  static func count(_ value: Int64, _ one: String, _ many: String? = nil) -> String {
    "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
  }

  static func bytes(_ value: Int64) -> String {
    var size = Double(value)
    for unit in ["bytes", "KB", "MB", "GB"] {
      if size < 1_000 { return unit == "bytes" ? count(value, "byte") : "\(short(size)) \(unit)" }
      size /= 1_000
    }
    return "\(short(size)) TB"
  }

  static func duration(_ seconds: Double) -> String {
    if seconds < 1 { return "a second" }
    if seconds < 90 { return count(Int64(seconds.rounded(.up)), "second") }
    if seconds < 5_400 { return count(Int64((seconds / 60).rounded(.up)), "minute") }
    return "\(short(min(seconds / 3_600, 1e9))) hours"
  }

  static func short(_ value: Double) -> String {
    value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int64(min(value.rounded(), 9e18)))"
  }

  /// Without what a terminal or a browser would act on: control characters and marks that turn the direction of text.
  static func printable(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
        out += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
