import Model
import Postgres

/// The right to write to the target for a source: valid as long as epoch and phase stand there unchanged.
package struct Ownership: Sendable, Hashable {
  package var source: RandomID
  package var epoch: Int64
  package var phase: Phase

  package init(source: RandomID, epoch: Int64, phase: Phase) {
    self.source = source
    self.epoch = epoch
    self.phase = phase
  }

  package init(_ record: SourceRecord) {
    self.init(source: record.source, epoch: record.epoch, phase: record.phase)
  }

  /// SQLSTATE of the compare-and-set's refusal.
  package static let superseded = "CO001"

  /// SQLSTATE of its refusal to go on beside rows in the quarantine.
  static let notClean = "CO003"

  /// Settings of our own transactions, and the compare-and-set that begins each of them. The last column tells whether
  /// the quarantine is empty.
  static func beginning(_ catalogue: TargetCatalogue) -> String {
    """
    SELECT set_config('changeover.apply', 'on', true), set_config('synchronous_commit', 'on', true),
      \(catalogue.advance)($1, $2, $3, $4, $5, $6, $7, $8)
    """
  }

  /// - Parameter mustBeClean: fail with `notClean` where rows are in the quarantine.
  func parameters(from: GroupNumber, to: Position, mustBeClean: Bool) -> Parameters {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: epoch)
    parameters.append(text: phase.rawValue)
    parameters.append(int64: from.rawValue)
    parameters.append(int64: to.group.rawValue)
    parameters.append(int64: to.sequence.rawValue)
    parameters.append(int64: to.nonce)
    parameters.append(bool: mustBeClean)
    return parameters
  }
}

extension PostgresError {
  /// The refusal as the compare-and-set would word it, where a statement of our own finds that somebody else moved on.
  package static func superseded(_ message: String) -> PostgresError {
    .server(ServerError(sqlState: Ownership.superseded, message: message))
  }

  /// Another process owns the source by now, or the position or phase is another one.
  package var isSuperseded: Bool { sqlState == Ownership.superseded }

  /// The rows themselves are refused: constraint violations, data exceptions, limits.
  var refusesRows: Bool {
    guard let state = sqlState else { return false }
    // P0001 is what a function of the user's raises, called by a CHECK say.
    return ["22", "23", "54"].contains(state.prefix(2)) || state == "P0001"
  }

  static let limitExceeded = "54000"

  var isUniqueViolation: Bool { sqlState == "23505" || sqlState == "23P01" }
}
