import Testing

@testable import Postgres

/// Texts as libpq 15 makes them, for what is hard to provoke.
struct ClassifyTests {
  private static let prefix = "connection to server at \"db.example\" (10.0.0.7), port 5432 failed: "

  private func classify(_ message: String, secrets: [String] = [], needsPassword: Bool = false) -> ConnectError {
    .classify(message, secrets: secrets, needsPassword: needsPassword)
  }

  @Test(arguments: [
    (
      "FATAL:  28000: no pg_hba.conf entry for host \"10.0.0.9\", user \"app\", database \"shop\", no encryption\n"
        + "LOCATION:  ClientAuthentication, auth.c:543\n", ConnectError.Cause.notAllowed(encrypted: false)
    ),
    (
      "FATAL:  28000: no pg_hba.conf entry for host \"10.0.0.9\", user \"app\", database \"shop\", SSL encryption\n",
      .notAllowed(encrypted: true)
    ),
    ("FATALE:  28000: voce di pg_hba.conf …\n", .notAllowed(encrypted: true)),
    ("FATAL:  28000: Peer authentication failed for user \"app\"\n", .authentication),
    ("FATAL:  28P01: Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen\n", .wrongPassword),
    ("FATAL:  53300: sorry, too many clients already\nLOCATION:  InitProcess, proc.c:358\n", .tooManyConnections),
    ("FATAL:  57P03: the database system is starting up\n", .notReady),
    ("FATAL:  08P01: password authentication failed\n", .wrongPassword),
    ("FATAL:  08P01: no such database: shop\n", .noSuchDatabase),
    ("No route to host\n\tIs the server running on that host and accepting TCP/IP connections?\n", .unreachable),
    ("Connection timed out\n\tIs the server running on that host and accepting TCP/IP connections?\n", .timedOut),
    ("SSL error: certificate verify failed\n", .tls),
    ("root certificate file \"/root/.postgresql/root.crt\" does not exist\n", .tls),
    ("received invalid response to SSL negotiation: H\n", .notPostgres),
    ("session is read-only\n", .wrongServerKind),
    ("server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n", .closed),
    ("something new\n", .other),
  ])
  func `finds the cause`(_ text: String, _ cause: ConnectError.Cause) {
    #expect(classify(Self.prefix + text).cause == cause)
  }

  @Test func `the reason stands alone`() {
    let error = classify(
      Self.prefix + "FATAL:  28000: Peer authentication failed for user \"app\"\nLOCATION:  auth_failed, auth.c:333\n")
    #expect(error.text == "Peer authentication failed for user \"app\"")
    #expect(error.sqlState == "28000")
  }

  @Test func `of several addresses the one that answered counts`() {
    let error = classify(
      """
      connection to server at "h" (::1), port 5432 failed: FATAL:  3D000: database "shop" does not exist
      LOCATION:  InitPostgres, postinit.c:941
      connection to server at "h" (127.0.0.1), port 5432 failed: Connection refused
      \tIs the server running on that host and accepting TCP/IP connections?
      """)
    #expect(error.cause == .noSuchDatabase)
  }

  @Test func `a text that holds a password is dropped`() {
    let error = classify(Self.prefix + "SSL error: swordfish\n", secrets: ["", "swordfish"])
    #expect(error.cause == .tls)
    #expect(error.text == "")
    #expect(classify("fe_sendauth: no password supplied\n", needsPassword: true).cause == .passwordMissing)
  }

  @Test func `finds the row in a context of COPY in any language`() {
    #expect(ServerError.copyRow(in: "COPY t, line 17, column a: \"swordfish\"") == 17)
    #expect(ServerError.copyRow(in: "COPY t, Zeile 17") == 17)
    #expect(ServerError.copyRow(in: "COPY a, b 3x, line 17: \"swordfish\"") == 17)
    #expect(ServerError.copyRow(in: "PL/pgSQL function f() line 3 at RAISE") == nil)
    #expect(ServerError.copyRow(in: "COPY t") == nil)
  }
}
