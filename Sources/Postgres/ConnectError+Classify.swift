extension ConnectError {
  /// Finds the cause in what libpq said after a failed attempt.
  ///
  /// The connection asked for verbose messages, so a server's refusal carries its SQLSTATE; the rest is libpq's own
  /// English (this program never sets a locale, and libpq translates only where one is set).
  /// - Parameters:
  ///   - message: `PQerrorMessage`: several lines, and several attempts where the host has several addresses.
  ///   - secrets: passwords; a text that holds one is dropped whole.
  ///   - needsPassword: `PQconnectionNeedsPassword`.
  static func classify(_ message: String, secrets: [String], needsPassword: Bool) -> ConnectError {
    let lines = message.split(whereSeparator: \.isNewline).map(String.init)
    let attempts = lines.filter { !$0.hasPrefix("\t") && !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("DETAIL:") }
    let states = attempts.map(sqlState(in:))
    let refusal = Array(zip(attempts, states)).last { $0.1 != nil }
    let state = refusal?.1
    let last = refusal?.0 ?? attempts.last ?? ""
    let isSafe = !secrets.contains { !$0.isEmpty && message.contains($0) }
    return ConnectError(
      needsPassword ? .passwordMissing : cause(state, in: last), sqlState: state, text: isSafe ? reason(in: last) : "")
  }

  private static func cause(_ state: String?, in text: String) -> Cause {
    func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
    switch state {
    case "28P01": return .wrongPassword
    case "28000" where says("pg_hba.conf"): return .notAllowed(encrypted: !says("no encryption", "SSL off"))
    case "28000": return .authentication
    case "3D000": return .noSuchDatabase
    case "42501": return .noPrivilege
    case "53300": return .tooManyConnections
    case "57P03", "57P01", "57P02": return .notReady
    default: break
    }
    // A pooler reports these without the server's own state.
    let isAbsent = says("does not exist")
    if says("no such database") || (isAbsent && says("database \"")) { return .noSuchDatabase }
    if says("password authentication failed", "SASL authentication failed") { return .wrongPassword }
    if says("no such user", "authentication failed") || (isAbsent && says("role \"")) { return .authentication }
    if says("no more connections allowed", "server login has been failing", "query_wait_timeout") { return .notReady }
    if state != nil { return .other }

    if says("could not translate host name", "could not parse network address") { return .unknownHost }
    if says("invalid response to SSL negotiation", "expected authentication request", "unsupported frontend protocol") {
      return .notPostgres
    }
    if says("SSL", "certificate", "GSSAPI") { return .tls }
    if says("Connection refused") { return says("on socket") ? .noSocket : .refused }
    if says("No such file or directory") && says("on socket") { return .noSocket }
    if says("timeout expired", "timed out") { return .timedOut }
    if says("No route to host", "unreachable", "Host is down", "Cannot assign requested address") {
      return .unreachable
    }
    if says("session is read-only", "session is not read-only", "hot standby mode") { return .wrongServerKind }
    if says("password") { return .authentication }
    if says("closed the connection", "Connection reset", "could not receive data") { return .closed }
    if says("invalid") { return .badOption }
    return .other
  }

  /// The five characters in `FATAL:  28P01: password authentication failed …`.
  private static func sqlState(in line: String) -> String? {
    let parts = line.split(separator: ": ", omittingEmptySubsequences: true)
    let state = parts.lazy.map { $0.drop { $0 == " " } }.first { part in
      part.utf8.count == 5 && part.utf8.allSatisfy { isDigit($0) || isUppercase($0) }
        && part.utf8.contains(where: isDigit)
    }
    return state.map(String.init)
  }

  /// What follows the last "failed: " and the severity and state.
  private static func reason(in line: String) -> String {
    var text = line[...]
    if let range = text.ranges(of: " failed: ").last { text = text[range.upperBound...] }
    if let state = sqlState(in: line), let range = text.firstRange(of: "\(state): ") {
      text = text[range.upperBound...]
    }
    return String(text)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  private static func isUppercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
