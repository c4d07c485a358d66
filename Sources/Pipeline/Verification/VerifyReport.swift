import Apply
import Journal
import Model

/// What a verify found.
package struct VerifyReport: Sendable {
  package let startedAt: Instant
  package let finishedAt: Instant
  /// Where both stores stood when the last rows were compared; nil where none were.
  package let position: Position?
  /// Every table that moves was compared.
  package let isFull: Bool
  /// Which store followed the other.
  package let direction: Direction
  package let tables: [VerifyTable]
  package let checks: [VerifyCheck]
  /// Tables that only the target has, since somebody created them after the switch.
  package let notCompared: [String]
  /// Consistent points at which rows were compared.
  package let snapshots: Int
  /// Rows that differed were brought again.
  package let wasRepair: Bool
  /// Differences of a table that are named.
  package let limit: Int

  /// Whether no row differs, apart from those that somebody gave up.
  package var isEqual: Bool { tables.allSatisfy(\.isEqual) }
  /// Whether there is nothing to do about the stores.
  package var isClean: Bool { isEqual && checks.allSatisfy(\.ok) }

  package var rows: Int64 { tables.reduce(0) { $0 + $1.sourceRows } }
  package var differences: Int64 { tables.reduce(0) { $0 + $1.total } }
  package var repaired: Int64 { tables.reduce(0) { $0 + $1.repaired } }
  package var quarantined: Int64 { tables.reduce(0) { $0 + $1.quarantined } }
  package var seconds: Double { max(finishedAt.seconds(since: startedAt), 0) }

  /// What is kept on the target.
  var record: VerifyRecord? {
    guard let position else { return nil }
    return VerifyRecord(
      startedAt: startedAt, finishedAt: finishedAt, position: position,
      direction: direction,
      isFull: isFull && tables.allSatisfy { $0.problem == nil && $0.notCompared.isEmpty }, isEqual: isEqual,
      differences: differences,
      repaired: repaired, failedChecks: checks.filter { !$0.ok }.map(\.name.rawValue),
      tables: tables.map {
        .init(name: $0.name, sourceRows: $0.sourceRows, targetRows: $0.targetRows, differences: $0.total)
      })
  }

  package var json: JSON {
    .object([
      ("equal", .bool(isEqual)), ("full", .bool(isFull)), ("direction", .string(direction.name)),
      (
        "position",
        position.map {
          .object([("group", .integer($0.group.rawValue)), ("sequence", .integer($0.sequence.rawValue))])
        } ?? .null
      ),
      ("started_at", .string(startedAt.text)), ("seconds", .number((seconds * 1_000).rounded() / 1_000)),
      ("snapshots", .integer(Int64(snapshots))), ("differences", .integer(differences)),
      ("repaired", .integer(repaired)), ("quarantined", .integer(quarantined)),
      ("tables", .array(tables.map { $0.json(limit: limit) })), ("checks", .array(checks.map(\.json))),
      ("not_compared", .array(notCompared.map { .string($0) })),
    ])
  }
}

extension VerifyTable {
  fileprivate func json(limit: Int) -> JSON {
    .object([
      ("name", .string(name)), ("equal", .bool(isEqual)), ("source_rows", .integer(sourceRows)),
      ("target_rows", .integer(targetRows)), ("difference_count", .integer(total)),
      ("quarantined", .integer(quarantined)), ("discarded", .integer(discarded)), ("repaired", .integer(repaired)),
      ("nul_stripped", .integer(stripped)), ("empty_as_null", .integer(emptied)),
      ("problem", problem.map { .string($0) } ?? .null),
      ("not_compared", .array(notCompared.map { .string($0) })),
      ("differences", .array(differences.prefix(limit).map(\.json))),
    ])
  }
}

extension VerifyDifference {
  fileprivate var json: JSON {
    var fields: [(String, JSON)] = [
      ("key", .array(key.map(\.json))), ("kind", .string(kind.rawValue)),
      ("columns", .array(columns.map { .string($0) })), ("lossy_columns", .array(lossyColumns.map { .string($0) })),
      ("quarantined", .bool(quarantine != nil)), ("discarded", .bool(quarantine == .discarded)),
      ("repaired", .bool(isRepaired)),
    ]
    if let values {
      fields.append(
        (
          "values",
          .array(
            values.map {
              .object([
                ("column", .string($0.column)), ("source", $0.source?.json ?? .null),
                ("target", $0.target.map { .string($0) } ?? .null),
              ])
            })
        ))
    }
    return .object(fields)
  }
}

extension Value {
  /// A BLOB as `{"blob": "00ff"}`, a REAL that JSON cannot write as its name.
  fileprivate var json: JSON {
    switch self {
    case .null: .null
    case .integer(let integer): .integer(integer)
    case .real(let bits):
      Double(bitPattern: bits).isFinite ? .number(Double(bitPattern: bits)) : .string("\(Double(bitPattern: bits))")
    case .text(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    case .blob(let bytes):
      .object([("blob", .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()))])
    }
  }
}
