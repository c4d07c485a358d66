import Model
import Postgres
import Schema

/// What the target knows of a source: who owns it, how far it has come, and what stands where.
package struct SourceRecord: Sendable {
  package var source: RandomID
  package var owner: RandomID
  package var epoch: Int64
  package var phase: Phase
  package var applied: Position
  package var appliedAt: Instant
  /// How far the application's writes since the switch were taken out of the logs, and when; nil before the first time.
  package var captured: Position?
  package var capturedAt: Instant?
  /// The switch that goes on, or that made the target the authority.
  package var switchID: RandomID?
  /// The way back that goes on, or the last one that was decided.
  package var wayBack: RandomID?
  package var plan: TargetPlan
  /// Seconds since the owner's last heartbeat; nil where there was none.
  package var heartbeatAge: Double?

  package static func read(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> SourceRecord? {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      """
      SELECT s.owner, s.epoch, s.phase, s.applied_group, s.applied_sequence, s.applied_nonce, s.applied_at,
        s.switch_id, s.plan, s.way_back_id, s.captured_group, s.captured_sequence, s.captured_nonce, s.captured_at
      FROM \(catalogue.source) AS s WHERE s.source = $1
      """, parameters)
    guard result.rowCount == 1 else { return nil }
    let phaseName = try result.string(0, 2)
    guard let phase = Phase(rawValue: phaseName) else {
      throw Failure(
        .badData, "the target is in a phase that this version does not know ('\(phaseName)')",
        remedy: "go on with the version of changeover that was used before")
    }
    let plan = try TargetPlan(json: result.string(0, 8))
    return SourceRecord(
      source: source, owner: try result.uuid(0, 0), epoch: try result.int64(0, 1), phase: phase,
      applied: Position(
        group: GroupNumber(try result.int64(0, 3)), sequence: ChangeNumber(try result.int64(0, 4)),
        nonce: try result.int64(0, 5)), appliedAt: try result.instant(0, 6), captured: try captured(result),
      capturedAt: try result.instantOrNil(0, 13), switchID: try result.uuidOrNil(0, 7),
      wayBack: try result.uuidOrNil(0, 9), plan: plan,
      heartbeatAge: phase == .finished ? nil : try heartbeatAge(of: source, catalogue, &connection))
  }

  /// Nil where nobody works on it. At the end of the move the record stands alone.
  private static func heartbeatAge(
    of source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> Double? {
    var parameters = Parameters()
    parameters.append(uuid: source)
    let result = try connection.query(
      "SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM \(catalogue.heartbeat) WHERE source = $1",
      parameters)
    return result.rowCount == 1 ? try result.doubleOrNil(0, 0) : nil
  }

  private static func captured(_ result: borrowing QueryResult) throws -> Position? {
    guard let group = try result.int64OrNil(0, 10), let sequence = try result.int64OrNil(0, 11),
      let nonce = try result.int64OrNil(0, 12)
    else { return nil }
    return Position(group: GroupNumber(group), sequence: ChangeNumber(sequence), nonce: nonce)
  }

  /// Where the way back stands on the target: at the last group that was taken from the logs, or, before the first one since
  /// the switch, at the last group that came from the source. Groups are numbered in both directions together.
  package var reversePosition: Position {
    guard let captured, captured.group > applied.group else { return applied }
    return captured
  }

  /// The sources that a state directory owns on this target.
  package static func owned(
    by owner: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> [SourceRecord] {
    var parameters = Parameters()
    parameters.append(uuid: owner)
    let result = try connection.query("SELECT source FROM \(catalogue.source) WHERE owner = $1", parameters)
    let sources = try (0..<result.rowCount).map { try result.uuid($0, 0) }
    return try sources.compactMap { try read($0, catalogue, &connection) }
  }

  /// Takes the source over: from here on every transaction of an earlier epoch fails.
  package mutating func takeOver(
    by owner: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: epoch)
    parameters.append(uuid: owner)
    let result = try connection.query(
      """
      WITH taken AS (
        UPDATE \(catalogue.source) SET owner = $3, epoch = epoch + 1 WHERE source = $1 AND epoch = $2 RETURNING epoch
      ), beat AS (
        INSERT INTO \(catalogue.heartbeat) (source, epoch, at) SELECT $1, epoch, clock_timestamp() FROM taken
        ON CONFLICT (source) DO UPDATE SET epoch = EXCLUDED.epoch, at = EXCLUDED.at
      )
      SELECT epoch FROM taken
      """, parameters)
    guard result.rowCount == 1 else {
      throw Failure(
        .tryAgain, "another changeover took this source over just now",
        remedy: "let it run, or stop it before this one")
    }
    epoch = try result.int64(0, 0)
    self.owner = owner
  }

  /// Puts the proven plan in the draft's place, while nothing but copied rows is built on it.
  package mutating func settle(
    _ plan: TargetPlan, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: epoch)
    parameters.append(text: Phase.preparing.rawValue)
    parameters.append(text: try plan.json)
    let result = try connection.query(
      "UPDATE \(catalogue.source) SET plan = $4 WHERE source = $1 AND epoch = $2 AND phase = $3", parameters)
    guard result.affectedRows == 1 else {
      throw PostgresError.superseded("another process owns the source")
    }
    self.plan = plan
  }

  /// Puts back the epoch that the owner had taken on a server that lost that transaction.
  package mutating func regain(
    _ lost: Int64, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: epoch)
    parameters.append(uuid: owner)
    parameters.append(int64: lost)
    let result = try connection.query(
      """
      WITH regained AS (
        UPDATE \(catalogue.source) SET epoch = $4 WHERE source = $1 AND epoch = $2 AND owner = $3 RETURNING epoch
      )
      INSERT INTO \(catalogue.heartbeat) (source, epoch, at) SELECT $1, epoch, clock_timestamp() FROM regained
      ON CONFLICT (source) DO UPDATE SET epoch = EXCLUDED.epoch, at = EXCLUDED.at
      """, parameters)
    if result.affectedRows == 1 { epoch = lost }
  }

  /// Whether epoch and phase are still those of this record: a cheap look, once a second while idle.
  package func stillStands(
    _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) -> Bool {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: epoch)
    parameters.append(text: phase.rawValue)
    let result = try connection.query(
      "SELECT FROM \(catalogue.source) WHERE source = $1 AND epoch = $2 AND phase = $3", parameters)
    return result.rowCount == 1
  }

  /// How many rows are in the quarantine that nobody discarded: these block the switch.
  package static func quarantined(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) -> Int64 {
    try quarantine(source, catalogue, &connection).blocking
  }

  /// How many rows of the quarantine block the switch, and how many were discarded.
  package static func quarantine(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws(PostgresError) -> (blocking: Int64, discarded: Int64) {
    let count = try Quarantine(catalogue, source).count(&connection)
    return (count.blocking, count.discarded)
  }
}
