/// Makes names that PostgreSQL takes: at most 63 bytes, not empty, no system column's, and each only once.
struct TargetNames {
  private static let limit = 63
  /// `oid` is a column like any other since PostgreSQL 12.
  private static let systemColumns: Set<String> = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
  private var taken: Set<String> = []

  mutating func table(_ name: String) -> String { unique(name.isEmpty ? "table" : name) }

  mutating func column(_ name: String) -> String {
    if Self.systemColumns.contains(name) { return unique(name + "_") }
    return unique(name.isEmpty ? "column" : name)
  }

  mutating func object(_ name: String) -> String { unique(name) }

  private mutating func unique(_ name: String) -> String {
    // A NUL cannot stand in a PostgreSQL name.
    let clean = String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.value != 0 }))
    var candidate = Self.cut(clean, to: Self.limit)
    var number = 1
    while taken.contains(candidate) {
      number += 1
      let suffix = "_\(number)"
      candidate = Self.cut(clean, to: Self.limit - suffix.utf8.count) + suffix
    }
    taken.insert(candidate)
    return candidate
  }

  /// The longest prefix of whole characters within `limit` bytes.
  private static func cut(_ name: String, to limit: Int) -> String {
    guard name.utf8.count > limit else { return name }
    var cut = ""
    for scalar in name.unicodeScalars {
      guard cut.utf8.count + String(scalar).utf8.count <= limit else { break }
      cut.unicodeScalars.append(scalar)
    }
    return cut
  }
}
