import Model
import Postgres
import Schema

/// Logs keys on the target as its triggers do, so that the rows go back to SQLite once more.
package struct ReverseLog {
  private let statement: String
  private let keyCount: Int

  package init(_ plan: TablePlan, of source: RandomID, _ catalogue: TargetCatalogue) {
    keyCount = plan.keyPositions.count
    let names = (0..<keyCount).map { "k\($0)" }.joined(separator: ", ")
    let places = (0..<keyCount).map { "$\($0 + 1)" }.joined(separator: ", ")
    statement = "INSERT INTO \(catalogue.log(plan.id, of: source)) (op, \(names)) VALUES (2, \(places))"
  }

  /// Logs keys, whose values are the bytes of their types' send functions. Inside the caller's transaction.
  package func log(_ keys: [[Value]], _ connection: inout Connection) throws {
    var parameters = Parameters()
    let keys = keys.filter { $0.count == keyCount }
    _ = try connection.pipeline { pipeline in
      for key in keys {
        parameters.removeAll()
        for value in key {
          if case .blob(let bytes) = value {
            bytes.withUnsafeBytes { parameters.append(raw: $0, oid: .unspecified) }
          } else {
            parameters.append(null: .unspecified)
          }
        }
        try pipeline.add(statement, parameters)
      }
    }
  }
}
