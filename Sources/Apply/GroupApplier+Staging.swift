import FoundationEssentials
import Journal
import Model
import Postgres
import Schema

extension GroupApplier {
  /// Applies a group of any size: COPY into temporary tables, then set by set. Returns how many rows it put into the
  /// quarantine.
  /// - Parameter to: where the target then stands, if not where the group ends.
  mutating func stage(
    _ parts: inout GroupParts, from: GroupNumber, to: Position? = nil, as ownership: Ownership, _ first: Attempt,
    _ finishing: [String], _ connection: inout Connection
  ) throws -> (quarantined: Int, notes: [String]) {
    var attempt = first
    while true {
      do {
        return try stage(&parts, from: from, to: to, as: ownership, once: attempt, finishing, &connection)
      } catch {
        // A COPY may be going on.
        try? connection.failCopy("changeover gave up")
        if connection.isHealthy { try? connection.execute("ROLLBACK") }
        guard let error = error as? PostgresError, attempt.next(after: error) else { throw error }
      }
    }
  }

  private mutating func stage(
    _ parts: inout GroupParts, from: GroupNumber, to: Position?, as ownership: Ownership, once attempt: Attempt,
    _ finishing: [String], _ connection: inout Connection
  ) throws -> (quarantined: Int, notes: [String]) {
    let quarantine = Quarantine(catalogue, ownership.source)
    guard let to = to ?? parts.headers.last?.position else { throw GroupParts.GivenUp() }
    // A cutover has begun the transaction with its locks already.
    let begin = connection.transactionStatus == .idle ? "BEGIN; " : ""
    try connection.execute(begin + connection.localSettings)
    let isClean = try connection.query(
      Ownership.beginning(catalogue), ownership.parameters(from: from, to: to, mustBeClean: false)
    ).bool(0, 2)
    var steps = try schemaSteps(of: parts, ownership, &connection)
    try steps?.begin(&connection)
    let plan = steps?.plan ?? self.plan
    let isGuarded = !isClean || attempt.keysMayRepeat || steps != nil
    var stage = GroupStage(
      plans: Dictionary(plan.tables.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a }),
      held: Set(plan.holds.map(\.table)), schema: schema, quarantine, withKeys: isGuarded, measures: attempt.measures)
    var part = 0
    while let header = try parts.header(part) {
      try stage.add(try parts.batch(header), &connection)
      part += 1
      if header.moreFollows { FaultPoint.reach("part-staged") }
    }
    try stage.finish(&connection)

    let tables = stage.tables
    for (_, sql) in tables { try connection.execute("ANALYZE \(sql.stage)") }
    if attempt.keysMayRepeat {
      for (_, sql) in tables { try connection.execute(sql.keepLastInStage) }
    }
    for (table, sql) in tables where stage.replaced.contains(table.id) {
      try quarantine.releaseAbsent(sql, &connection)
      try connection.execute(sql.deleteAbsent)
    }
    for (_, sql) in tables { try connection.execute(sql.deleteStaged(everything: attempt.way > .upsert)) }
    if attempt.way == .oneByOne {
      try connection.execute(TableSQL.createRefused)
      for (_, sql) in tables { try connection.execute(sql.insertStagedOneByOne) }
      for (plan, _) in tables { try quarantineRefused(plan, of: parts, quarantine, &connection) }
    } else {
      for (_, sql) in tables { try connection.execute(sql.upsertStaged) }
    }
    if isGuarded {
      for (plan, sql) in tables {
        try quarantine.release(plan, staged: sql, beside: attempt.way == .oneByOne, &connection)
      }
      try retry(tables.map(\.plan), quarantine, &connection)
    }
    try steps?.finish(&connection)
    if steps != nil { FaultPoint.reach("schema-carried-out") }
    let counts = try quarantine.count(&connection)
    for statement in finishing { try connection.execute(statement) }
    FaultPoint.reach("group-staged")
    try connection.execute("COMMIT")
    note(counts)
    if let steps {
      FaultPoint.reach("schema-applied")
      follow(steps.plan)
    }
    return (Int(counts.new), steps?.notes ?? [])
  }

  /// What the group's first entry asks to be done with the schema.
  private func schemaSteps(
    of parts: GroupParts, _ ownership: Ownership, _ connection: inout Connection
  ) throws -> SchemaSteps? {
    guard let planning, let first = parts.headers.first, first.changesSchema else { return nil }
    let text = try parts.batch(first).withEntries { entries throws in
      _ = try entries.next()
      return entries.schemaChange ?? ""
    }
    let news: SchemaNews
    do {
      news = try JSONDecoder().decode(SchemaNews.self, from: Data(text.utf8))
    } catch {
      throw Failure(
        .badData, "what group \(parts.number) of the journal says of the schema cannot be read",
        remedy: "go on with the version of changeover that wrote it; sync --reseed starts over")
    }
    let citext = try TargetInstaller.citext(schema: plan.schema, &connection)
    let change = PlanChange(of: plan, for: news, overrides: planning, citext: citext)
    return SchemaSteps(change, from: plan, ownership, catalogue)
  }

  /// Puts the rows that the server refused into the quarantine: their images are in the journal.
  private func quarantineRefused(
    _ plan: TablePlan, of parts: GroupParts, _ quarantine: Quarantine, _ connection: inout Connection
  ) throws {
    var parameters = Parameters()
    parameters.append(int64: plan.id.rawValue)
    let result = try connection.query(TableSQL.selectRefused, parameters)
    var reasons: [Int64: (state: String, constraint: String, column: String)] = [:]
    for row in 0..<result.rowCount {
      reasons[try result.int64(row, 0)] = (
        try result.string(row, 1), try result.string(row, 2), try result.string(row, 3)
      )
    }
    if reasons.isEmpty { return }
    var refused = RefusedRows()
    var ordinal: Int64 = 0
    for header in parts.headers {
      try parts.batch(header).withEntries { entries throws in
        while let entry = try entries.next() {
          ordinal += 1
          guard let reason = reasons[ordinal], case .upsert = entry else { continue }
          var image: [Value] = []
          for _ in plan.columns { image.append(try entries.value().owned) }
          let constraint = reason.constraint.isEmpty ? "" : " (constraint \(reason.constraint))"
          refused.append(
            RefusedRow(
              table: plan, key: plan.keyPositions.map { image[$0] }, image: image,
              column: plan.sourceName(ofTarget: reason.column), reason: RefusedRow.refusal + reason.state + constraint,
              state: reason.state))
          if refused.isFull { try refused.flush(to: quarantine, &connection) }
        }
      }
    }
    try refused.flush(to: quarantine, &connection)
  }
}

/// Refused rows on their way to the quarantine, in bounded memory.
struct RefusedRows {
  private static let fullRows = 1_000
  private static let fullBytes = 4 << 20
  private var rows: [RefusedRow] = []
  private var bytes = 0

  var isFull: Bool { rows.count >= Self.fullRows || bytes >= Self.fullBytes }

  mutating func append(_ row: RefusedRow) {
    rows.append(row)
    bytes += row.byteCount
  }

  mutating func flush(to quarantine: Quarantine, _ connection: inout Connection) throws {
    try quarantine.add(rows, &connection)
    rows.removeAll(keepingCapacity: true)
    bytes = 0
  }
}
