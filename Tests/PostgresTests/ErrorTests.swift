import Model
import Postgres
import Testing

struct ErrorTests {
  @Test func `a constraint violation is described without the row`() {
    var error = ServerError(sqlState: "23505", message: "swordfish")
    error.detail = "Key (id)=(swordfish) already exists."
    error.hint = "swordfish"
    error.table = "orders"
    error.constraint = "orders_pkey"
    let text = "unique violation on constraint \"orders_pkey\" of table \"orders\" (SQLSTATE 23505)"
    #expect(error.description == text)
    #expect("\(PostgresError.server(error))" == text)
    #expect(String(reflecting: PostgresError.server(error)) == text)
    #expect("\([Optional(PostgresError.server(error))])".contains("swordfish") == false)
    let failure = PostgresError.server(error).failure(operation: "copy rows into", subject: "orders")
    #expect(failure.status == .badData)
    #expect(failure.message == "cannot copy rows into orders: \(text)")
  }

  @Test func `a refused privilege is a matter of configuration`() {
    let error = PostgresError.server(ServerError(sqlState: "42501", message: "permission denied for table orders"))
    let failure = error.failure(operation: "read", subject: "orders")
    #expect(failure.status == .configuration)
    #expect(failure.message == "cannot read orders: permission denied for table orders (SQLSTATE 42501)")
    #expect(failure.remedy.hasPrefix("grant"))
  }

  @Test(arguments: ["08006", "25006", "40001", "40P01", "53300", "53100", "55P03", "25P03", "57014", "57P01", "57P03"])
  func `work is worth doing again after`(_ sqlState: String) {
    #expect(PostgresError.server(ServerError(sqlState: sqlState)).isTransient)
  }

  @Test(arguments: ["22P02", "23505", "42501", "42P01", "0A000", "XX000", "28P01", "57P04"])
  func `work is not worth doing again after`(_ sqlState: String) {
    #expect(!PostgresError.server(ServerError(sqlState: sqlState)).isTransient)
  }

  @Test func `every cause of a failed connection has a remedy and the exit status for unreachable`() {
    let causes: [ConnectError.Cause] = [
      .unknownHost, .refused, .noSocket, .unreachable, .timedOut, .wrongPassword, .passwordMissing, .authentication,
      .notAllowed(encrypted: true), .notAllowed(encrypted: false), .noSuchDatabase, .noPrivilege, .tooManyConnections,
      .notReady, .tls, .wrongServerKind, .notPostgres, .badOption, .closed, .other,
    ]
    for cause in causes {
      let failure = PostgresError.connect(ConnectError(cause)).failure(operation: "connect to", subject: "it")
      #expect(failure.status == .unreachable)
      #expect(!failure.remedy.isEmpty)
      #expect(failure.message.hasPrefix("cannot connect to it: "))
    }
  }
}
