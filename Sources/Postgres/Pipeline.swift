/// Statements on their way to the server in one round trip; made by `Connection.pipeline`.
package struct Pipeline: ~Copyable {
  var wire: Wire
  /// How many statements were added.
  package private(set) var count = 0
  /// The statement parsed last: while the next is the same, only its parameters are sent.
  private var parsed: (sql: String, types: [OID])?

  init(wire: Wire) { self.wire = wire }

  /// Adds a statement, unnamed, with binary parameters and a binary result; waits only while the server is slower.
  /// - Returns: its number, from 0, which is its result's in `PipelineResults`.
  @discardableResult
  package mutating func add(_ sql: String, _ parameters: borrowing Parameters) throws(PostgresError) -> Int {
    let reuses = parsed.map { $0.sql == sql && parameters.hasTypes($0.types) } ?? false
    if !reuses { parsed = nil }
    try wire.queue(sql, parameters, reuses: reuses)
    if !reuses { parsed = (sql, parameters.types()) }
    count += 1
    try wire.noteQueued(parameters.byteCount + 16 * parameters.count + (reuses ? 64 : 64 + sql.utf8.count))
    return count - 1
  }

  /// Adds a statement without parameters.
  @discardableResult
  package mutating func add(_ sql: String) throws(PostgresError) -> Int { try add(sql, Parameters(capacity: 16)) }
}

@available(*, unavailable) extension Pipeline: Sendable {}
