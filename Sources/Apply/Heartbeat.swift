import Model
import Postgres

/// Tells others on the target that the owner is alive.
package enum Heartbeat {
  /// How often the owner writes, in seconds.
  package static let interval: Double = 3
  /// After so many seconds without one the owner is taken for dead.
  package static let freshness: Double = 15

  /// Writes one; false where the source has another owner by now.
  package static func beat(
    _ ownership: Ownership, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) -> Bool {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: ownership.epoch)
    let result = try connection.query(
      "UPDATE \(catalogue.heartbeat) SET at = clock_timestamp() WHERE source = $1 AND epoch = $2", parameters)
    return result.affectedRows == 1
  }

  /// Whether a heartbeat failed because the server went back to before this owner: a failover that lost its transaction.
  package static func isSetBack(
    _ ownership: Ownership, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> Bool {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    let found = try connection.query("SELECT epoch FROM \(catalogue.heartbeat) WHERE source = $1", parameters)
    return try found.rowCount == 0 || found.int64(0, 0) < ownership.epoch
  }

  /// Says that the owner left in good order, so that another need not wait.
  package static func end(
    _ ownership: Ownership, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) {
    var parameters = Parameters()
    parameters.append(uuid: ownership.source)
    parameters.append(int64: ownership.epoch)
    _ = try connection.query(
      "UPDATE \(catalogue.heartbeat) SET at = 'epoch' WHERE source = $1 AND epoch = $2", parameters)
  }
}
