import Model

/// What a sync tells the person at the terminal, and the log.
package enum SyncEvent: Sendable {
  case note(String)
  case warning(String)
  case leftOut(table: String, reason: String)
  case scanning(table: String, rows: Int64)
  case installed(tables: Int)
  case targetCreated(tables: Int, schema: String)
  case copying(CopyCounts)
  case copied(rows: Int64, seconds: Double)
  case buildingIndexes(done: Int, of: Int)
  case streaming(position: Position)
  case applied(groups: Int, changes: Int64, lag: Int64)
  case targetAway(reason: String, retrySeconds: Double)
  case targetBack
  case caughtUp(Direction)
  /// The phase is another one by now, and the sync goes on in its direction.
  case switched
  /// The application changed its schema, and this is what becomes of a table.
  case schemaStep(TableStep)
  case switchedBack
  case streamingBack(position: Position)
  /// The move is over, and nothing is synced any more.
  case finished
}

/// How far the first copy has come.
package struct CopyCounts: Sendable {
  package var rows: Int64
  package var expected: Int64
  package var tablesDone: Int
  package var tables: Int
}

package typealias Report = @Sendable (SyncEvent) -> Void
