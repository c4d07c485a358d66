import CPostgres

extension ConnectionTarget {
  /// Whether part of a password may have become part of the host, the port or the database's name: an `@`, `/` or `:`
  /// in a password that was not percent-encoded. libpq takes `postgresql://u:p@ss@h/db` for a host `ss@h`.
  static func mayExposePassword(_ text: String, host: String, port: String) -> Bool {
    let isHostOdd = host.split(separator: ",").contains { $0.contains("@") && !$0.hasPrefix("@") }
    let isPortOdd = !port.utf8.allSatisfy {
      $0 == UInt8(ascii: ",") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    if isHostOdd || isPortOdd { return true }
    guard let rest = afterScheme(text) else { return false }
    let address = rest.prefix { $0 != "?" }
    guard let first = address.firstIndex(of: "@") else { return false }
    return address[..<first].contains("/") || address[address.index(after: first)...].contains("@")
  }

  /// Names of URI parameters that libpq does not know, such as another driver's `pgbouncer=true`; nil where the text
  /// is wrong in another way, or where the names may be part of a password.
  static func unknownParameters(in text: String) -> [String]? {
    guard let rest = afterScheme(text) else { return nil }
    let credentialsEnd = rest.firstIndex(of: "@") ?? rest.startIndex
    guard let mark = rest[credentialsEnd...].firstIndex(of: "?") else { return nil }
    guard !mayExposePassword(text, host: "", port: "") else { return nil }
    let pairs = rest[rest.index(after: mark)...].split(separator: "&")
    let names = pairs.map { $0.prefix { $0 != "=" } }
    let isPlain = zip(pairs, names).allSatisfy { pair, name in
      pair.contains("=") && !name.isEmpty
        && name.utf8.allSatisfy {
          $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
    }
    guard isPlain, let known = keywords() else { return nil }
    let unknown = names.map(String.init).filter { !known.contains($0) }
    return unknown.isEmpty ? nil : unknown
  }

  private static func afterScheme(_ text: String) -> Substring? {
    for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) { return text.dropFirst(scheme.count) }
    return nil
  }

  private static func keywords() -> Set<String>? {
    guard let list = PQconndefaults() else { return nil }
    defer { PQconninfoFree(list) }
    var names: Set<String> = ["ssl"]
    var entry = list
    while let keyword = entry.pointee.keyword {
      names.insert(String(cString: keyword))
      entry += 1
    }
    return names
  }
}
