import CPostgres
import Model

/// Where the target is: a URI, a keyword string, or libpq's environment. Never shows the password.
package struct ConnectionTarget: Sendable {
  /// libpq's keywords as given; what is not given libpq takes from the environment, the service file and its defaults.
  let options: [String: String]
  package let database: String
  /// A name, an address, a socket's directory, several with commas, or empty for libpq's default socket.
  package let host: String
  package let port: String
  package let user: String

  /// - Parameter conninfo: a URI or a keyword string; nil or empty means libpq's `PG*` environment alone.
  /// - Throws: `Failure` that never repeats the text: it may hold a password, even where libpq sees none.
  package init(_ conninfo: String?) throws(Failure) {
    let text = conninfo ?? ""
    let given = try Self.parse(text)
    guard let list = PQconndefaults() else {
      throw Failure(
        .configuration, "cannot read libpq's defaults", remedy: "check PGSERVICE, PGSERVICEFILE and the service file")
    }
    let defaults = Self.values(of: list)
    if Self.mayExposePassword(text, host: given["host"] ?? "", port: given["port"] ?? "") { throw Self.malformed }
    func value(_ keyword: String) -> String? { given[keyword] ?? defaults[keyword] }
    options = given
    user = value("user") ?? ""
    database = value("dbname") ?? user
    host = given["host"] ?? given["hostaddr"] ?? defaults["host"] ?? defaults["hostaddr"] ?? ""
    port = value("port") ?? "5432"
  }

  /// For messages: `PostgreSQL database shop at db.example:5432 (user app)`.
  package var safeDescription: String { "PostgreSQL database \(database) \(place) (user \(user))" }

  /// "at db.example:5432", "on the socket in /run/postgresql, port 5432".
  package var place: String {
    if host.isEmpty, let service = options["service"] { return "of service \(service)" }
    if host.isEmpty { return "on the local socket, port \(port)" }
    let ports = port.split(separator: ",", omittingEmptySubsequences: false)
    let places = host.split(separator: ",", omittingEmptySubsequences: false).enumerated().map { index, host in
      let port = index < ports.count ? ports[index] : ports.first ?? ""
      if host.hasPrefix("/") || host.hasPrefix("@") { return "on the socket in \(host), port \(port)" }
      return host.contains(":") ? "at [\(host)]:\(port)" : "at \(host):\(port)"
    }
    return places.joined(separator: " or ")
  }

  private static func parse(_ text: String) throws(Failure) -> [String: String] {
    guard !text.isEmpty else { return [:] }
    guard !text.utf8.contains(0) else { throw malformed }
    var message: UnsafeMutablePointer<CChar>?
    guard let list = PQconninfoParse(text, &message) else {
      PQfreemem(message)  // It quotes the text, the password with it.
      throw unknownParameters(in: text).map(Self.unknown(parameters:)) ?? malformed
    }
    return values(of: list)
  }

  /// Takes the list over and frees it.
  private static func values(of list: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    defer { PQconninfoFree(list) }
    var values: [String: String] = [:]
    var entry = list
    while let keyword = entry.pointee.keyword {
      if let value = entry.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      entry += 1
    }
    return values
  }

  static let malformed = Failure(
    .configuration, "the target is not a connection string that libpq understands",
    remedy: """
      write postgresql://USER:PASSWORD@HOST:PORT/DATABASE with @ : / ? # % in the password percent-encoded, \
      or keyword=value pairs with quotes around values that hold spaces
      """)

  private static func unknown(parameters: [String]) -> Failure {
    Failure(
      .configuration, "the target's URI has parameters that libpq does not know: \(parameters.joined(separator: ", "))",
      remedy: "leave them out; they belong to another driver")
  }
}

extension ConnectionTarget: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { safeDescription }
  package var debugDescription: String { safeDescription }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

@available(*, unavailable) extension ConnectionTarget: Encodable {}
