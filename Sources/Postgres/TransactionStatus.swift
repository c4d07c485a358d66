import CPostgres

/// Where a connection stands between BEGIN and COMMIT, as the server last said.
package enum TransactionStatus: Sendable {
  case idle
  /// A statement is running.
  case active
  case inTransaction
  /// Inside a transaction that takes nothing but ROLLBACK.
  case inFailedTransaction
  /// The connection is gone.
  case unknown

  init(_ status: PGTransactionStatusType) {
    switch status {
    case PQTRANS_IDLE: self = .idle
    case PQTRANS_ACTIVE: self = .active
    case PQTRANS_INTRANS: self = .inTransaction
    case PQTRANS_INERROR: self = .inFailedTransaction
    default: self = .unknown
    }
  }
}
