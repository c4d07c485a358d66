import Journal
import Model
import Postgres
import Schema

extension GroupApplier {
  /// Applies a group of any size: COPY into temporary tables, then set by set. Returns the rows put into quarantine.
  func stage(
    _ group: JournalGroup, from: GroupNumber, to: Position, as ownership: Ownership, way: Way,
    _ finishing: [String], keysMayRepeat: Bool = false, _ connection: inout Connection
  ) throws -> [RefusedRow] {
    do {
      let begin = connection.transactionStatus == .idle ? "BEGIN; " : ""
      try connection.execute(begin + connection.localSettings)
      _ = try connection.query(Ownership.beginning(catalogue), ownership.parameters(from: from, to: to))
      let staged = try copyToStages(group, &connection)
      var refused = staged.refused
      let statements = staged.order.compactMap { plans[$0] }.map { TableSQL($0, schema: schema) }
      for sql in statements { try connection.execute("ANALYZE \(sql.stage)") }
      if staged.keysMayRepeat || keysMayRepeat {
        for sql in statements { try connection.execute(sql.keepLastInStage) }
      }
      for sql in statements { try connection.execute(sql.deleteStaged(everything: way > .upsert)) }
      for (id, sql) in zip(staged.order, statements) {
        switch way {
        case .upsert, .replace: try connection.execute(sql.upsertStaged)
        case .oneByOne:
          try connection.execute(sql.insertStagedOneByOne)
          refused += try refusedByServer(sql, id, in: group, &connection)
        }
      }
      try Quarantine(catalogue, ownership.source).update(
        refused, clearing: quarantined > 0 || !refused.isEmpty ? staged.keys : [:], &connection)
      for statement in finishing { try connection.execute(statement) }
      try connection.execute("COMMIT")
      return refused
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// What was brought into the staging tables.
  struct Staged {
    var order: [TableID] = []
    var keysMayRepeat = false
    var refused: [RefusedRow] = []
    /// The keys of the group, kept only where a quarantine may have to be cleared.
    var keys: [TableID: [[UInt8]]] = [:]
  }

  private func copyToStages(_ group: JournalGroup, _ connection: inout Connection) throws -> Staged {
    var staged = Staged()
    var ordinal: Int64 = 0
    for part in group.parts {
      let batch = try journal.batch(part)
      if batch.header.keysMayRepeat { staged.keysMayRepeat = true }
      try copy(batch, &ordinal, into: &staged, &connection)
    }
    return staged
  }

  private func copy(
    _ batch: borrowing Batch, _ ordinal: inout Int64, into staged: inout Staged, _ connection: inout Connection
  ) throws {
    try batch.withEntries { entries throws in
      var stream: StageStream?
      var image: [ValueView] = []
      while let entry = try entries.next() {
        let id = entry.table.id
        if stream?.plan.id != id {
          try stream?.end(on: &connection)
          guard let plan = plans[id] else { throw Self.unknown(entry.table) }
          try Self.check(entry.table, against: plan)
          let next = StageStream(plan, schema: schema)
          if !staged.order.contains(id) {
            staged.order.append(id)
            try connection.execute(next.sql.createStage)
          }
          try next.begin(on: &connection)
          stream = next
        }
        guard let stream else { continue }
        let isUpsert = if case .upsert = entry { true } else { false }
        let count = isUpsert ? stream.plan.columns.count : stream.plan.keyPositions.count
        image.removeAll(keepingCapacity: true)
        for _ in 0..<count { image.append(try entries.value()) }
        ordinal += 1
        let key = isUpsert ? stream.plan.keyPositions.map { image[$0] } : image
        if quarantined > 0 { staged.keys[id, default: []].append(ValueList.encode(key.map(\.owned))) }
        if let misfit = isUpsert ? stream.append(image, ordinal) : stream.append(deleteOf: key, ordinal) {
          guard isUpsert else { continue }  // A key that cannot stand on the target is not there.
          staged.refused.append(
            RefusedRow(
              table: stream.plan, key: key.map(\.owned), image: image.map(\.owned),
              column: stream.plan.columns[misfit.column].sourceName, reason: misfit.misfit.reason))
          _ = stream.append(deleteOf: key, ordinal)
        }
        try stream.flushIfFull(to: &connection)
      }
      try stream?.end(on: &connection)
    }
  }

  /// Finds the images of the rows that `insertStagedOneByOne` marked.
  private func refusedByServer(
    _ sql: TableSQL, _ id: TableID, in group: JournalGroup, _ connection: inout Connection
  ) throws -> [RefusedRow] {
    let result = try connection.query(sql.selectRefused)
    var reasons: [Int64: (state: String, constraint: String)] = [:]
    for row in 0..<result.rowCount {
      reasons[try result.int64(row, 0)] = (try result.string(row, 1), try result.string(row, 2))
    }
    guard !reasons.isEmpty, let plan = plans[id] else { return [] }
    var refused: [RefusedRow] = []
    var ordinal: Int64 = 0
    for part in group.parts {
      try journal.batch(part).withEntries { entries throws in
        while let entry = try entries.next() {
          ordinal += 1
          guard case .upsert = entry, let reason = reasons[ordinal] else { continue }
          var image: [Value] = []
          for _ in plan.columns { image.append(try entries.value().owned) }
          let constraint = reason.constraint.isEmpty ? "" : " (constraint \(reason.constraint))"
          refused.append(
            RefusedRow(
              table: plan, key: plan.keyPositions.map { image[$0] }, image: image, column: nil,
              reason: "refused by PostgreSQL with SQLSTATE \(reason.state)\(constraint)"))
        }
      }
    }
    return refused
  }
}

/// One table's COPY into its staging table.
private final class StageStream {
  let plan: TablePlan
  let sql: TableSQL
  private var stream: CopyStream

  init(_ plan: TablePlan, schema: String) {
    self.plan = plan
    sql = TableSQL(plan, schema: schema)
    stream = CopyStream(fieldCount: plan.columns.count + 2)
  }

  func begin(on connection: inout Connection) throws(PostgresError) {
    try stream.begin(sql.copyStage, on: &connection)
  }

  func flushIfFull(to connection: inout Connection) throws(PostgresError) { try stream.flushIfFull(to: &connection) }

  func end(on connection: inout Connection) throws(PostgresError) { try stream.end(on: &connection) }

  /// Appends an image, or nothing where a value does not fit.
  func append(_ image: [ValueView], _ ordinal: Int64) -> (column: Int, misfit: Misfit)? {
    let start = begin(ordinal, isDelete: false)
    for (index, column) in plan.columns.enumerated() {
      var misfit = Conversion.append(image[index], as: column.type, to: &stream.buffer)
      if case .null = image[index], column.notNull { misfit = .null }
      if let misfit {
        stream.buffer.truncate(to: start)
        return (index, misfit)
      }
    }
    return nil
  }

  /// Appends a delete: the key, and NULL in the other columns.
  func append(deleteOf key: [ValueView], _ ordinal: Int64) -> (column: Int, misfit: Misfit)? {
    let start = begin(ordinal, isDelete: true)
    for (index, column) in plan.columns.enumerated() {
      let place = plan.keyPositions.firstIndex(of: index)
      let value = place.map { key[$0] } ?? .null
      if let misfit = Conversion.append(value, as: column.type, to: &stream.buffer) {
        stream.buffer.truncate(to: start)
        return (index, misfit)
      }
    }
    return nil
  }

  private func begin(_ ordinal: Int64, isDelete: Bool) -> Int {
    let start = stream.beginRow()
    stream.buffer.append(bigEndian: Int32(8))
    stream.buffer.append(bigEndian: ordinal)
    stream.buffer.append(bigEndian: Int32(1))
    stream.buffer.append(byte: isDelete ? 1 : 0)
    return start
  }
}
