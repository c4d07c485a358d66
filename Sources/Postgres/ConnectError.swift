/// Why a connection could not be made. Holds no password: libpq's text passes through `ConnectError.classify`.
package struct ConnectError: Error, Sendable, Hashable {
  /// What a person can do something about.
  package enum Cause: Sendable, Hashable {
    case unknownHost
    case refused
    case noSocket
    case unreachable
    /// Nothing answered in time.
    case timedOut
    case wrongPassword
    case passwordMissing
    /// Another authentication failure: no such role, a peer or certificate check.
    case authentication
    /// No entry of pg_hba.conf allows it. `encrypted` tells whether the attempt was over TLS.
    case notAllowed(encrypted: Bool)
    case noSuchDatabase
    /// The role has no CONNECT privilege.
    case noPrivilege
    case tooManyConnections
    /// The server starts, stops or recovers.
    case notReady
    case tls
    /// The server is a standby or read-only, and `target_session_attrs` asks for another.
    case wrongServerKind
    /// Something answered that does not speak PostgreSQL's protocol.
    case notPostgres
    /// libpq does not accept an option's value.
    case badOption
    /// The server closed the connection while it was being made.
    case closed
    case other
  }

  package var cause: Cause
  /// The server's SQLSTATE; nil where no server answered.
  package var sqlState: String?
  /// What libpq or the server said, on one line; empty where it might show a password.
  package var text: String

  package init(_ cause: Cause, sqlState: String? = nil, text: String = "") {
    self.cause = cause
    self.sqlState = sqlState
    self.text = text
  }

  /// Whether trying again later may help without anybody's doing.
  package var isTransient: Bool {
    switch cause {
    case .unknownHost, .refused, .noSocket, .unreachable, .timedOut, .tooManyConnections, .notReady,
      .wrongServerKind, .closed:
      true
    case .wrongPassword, .passwordMissing, .authentication, .notAllowed, .noSuchDatabase, .noPrivilege, .tls,
      .notPostgres, .badOption, .other:
      sqlState.map(PostgresError.isTransient(sqlState:)) ?? false
    }
  }
}

extension ConnectError: CustomStringConvertible {
  /// The reason alone: "connection refused".
  package var description: String {
    switch cause {
    case .unknownHost: "the host name is not known"
    case .refused: "connection refused"
    case .noSocket: "no server listens on the local socket"
    case .unreachable: "the host cannot be reached"
    case .timedOut: "no answer in time"
    case .wrongPassword: "the server refused the password"
    case .passwordMissing: "the server asks for a password and none was given"
    case .authentication: "authentication failed" + quoted
    case .notAllowed(let encrypted):
      "pg_hba.conf of the server does not allow this connection (" + (encrypted ? "over TLS)" : "without encryption)")
    case .noSuchDatabase: "no such database"
    case .noPrivilege: "the role has no CONNECT privilege"
    case .tooManyConnections: "the server has no connection left"
    case .notReady: "the server is starting, stopping or recovering"
    case .tls: "TLS failed" + quoted
    case .wrongServerKind: "the server is a standby or read-only"
    case .notPostgres: "what answers there is not PostgreSQL"
    case .badOption: "a connection option is not valid" + quoted
    case .closed: "the server closed the connection"
    case .other: text.isEmpty ? "connection failed" : text
    }
  }

  private var quoted: String { text.isEmpty ? "" : ": \(text)" }

  /// What to do about it.
  package var remedy: String {
    switch cause {
    case .unknownHost: "check the host in --target and the name service"
    case .refused: "check that PostgreSQL runs there and listens on that port"
    case .noSocket: "start PostgreSQL on this machine, or name its host in --target"
    case .unreachable: "check the network, the host and the port in --target"
    case .timedOut: "check the host and port in --target, and that no firewall drops the packets"
    case .wrongPassword: "check the user and the password in --target, PGPASSWORD or ~/.pgpass"
    case .passwordMissing: "give the password in DATABASE_URL, PGPASSWORD or ~/.pgpass"
    case .authentication: "check the user in --target and how pg_hba.conf authenticates it"
    case .notAllowed(true): "add an entry for this user, database and address to pg_hba.conf, and reload the server"
    case .notAllowed(false): "try sslmode=require, or add an entry to pg_hba.conf and reload the server"
    case .noSuchDatabase: "create the database, or check its name in --target"
    case .noPrivilege: "GRANT CONNECT ON DATABASE to this role"
    case .tooManyConnections: "close connections, raise max_connections, or go through a pooler"
    case .notReady: "wait until the server accepts connections"
    case .tls: "check sslmode and sslrootcert in --target"
    case .wrongServerKind: "name the primary server in --target"
    case .notPostgres: "check the host and port in --target"
    case .badOption: "correct --target"
    case .closed: "check the server's log"
    case .other: "check --target and the server's log"
    }
  }
}
