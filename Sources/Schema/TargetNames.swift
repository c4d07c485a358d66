/// Makes names that PostgreSQL takes: at most 63 bytes, not empty, no system column's, and each only once.
struct TargetNames {
  private static let limit = 63
  /// `oid` is a column like any other since PostgreSQL 12.
  private static let systemColumns: Set<String> = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
  private var taken: Set<String> = []

  mutating func tables(_ names: [String]) -> [String] {
    assign(names.map { Self.clean($0, whenEmpty: "table") }, wanted: names)
  }

  mutating func columns(_ names: [String]) -> [String] {
    let clean = names.map { name in
      Self.systemColumns.contains(name) ? name + "_" : Self.clean(name, whenEmpty: "column")
    }
    return assign(clean, wanted: names)
  }

  /// Names that others have.
  mutating func take(_ names: [String]) { taken.formUnion(names) }

  mutating func release(_ names: [String]) { taken.subtract(names) }

  mutating func object(_ name: String) -> String { unique(Self.clean(name, whenEmpty: "index")) }

  /// Names that can stay as they are go first: a name that had to be changed must not take another's.
  private mutating func assign(_ clean: [String], wanted: [String]) -> [String] {
    var assigned = [String?](repeating: nil, count: clean.count)
    for (index, name) in clean.enumerated() where name == wanted[index] && name.utf8.count <= Self.limit {
      if taken.insert(name).inserted { assigned[index] = name }
    }
    return zip(assigned, clean).map { name, clean in name ?? unique(clean) }
  }

  private mutating func unique(_ name: String) -> String {
    var candidate = Self.cut(name, to: Self.limit)
    var number = 1
    while taken.contains(candidate) {
      number += 1
      let suffix = "_\(number)"
      candidate = Self.cut(name, to: Self.limit - suffix.utf8.count) + suffix
    }
    taken.insert(candidate)
    return candidate
  }

  /// Without NUL, which no PostgreSQL name can hold, and without what ends the bodies of our functions.
  private static func clean(_ name: String, whenEmpty fallback: String) -> String {
    let scalars = name.unicodeScalars.filter { $0.value != 0 }
    let pieces = String(String.UnicodeScalarView(scalars)).split(separator: "$changeover$")
    let clean = pieces.joined(separator: "changeover")
    return clean.isEmpty ? fallback : clean
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
