import Model
import Postgres
import SQLite

/// From buckets that differ to their rows.
extension HashedWalk {
  /// Finds the rows that differ in some buckets: the target's hashes are kept here while the source is read once more.
  mutating func resolve(
    _ division: Division, _ buckets: [Int], source: borrowing Database, target: inout Connection
  ) throws {
    var isWanted = Array(repeating: false, count: Division.buckets)
    for bucket in buckets { isWanted[bucket] = true }
    var theirs: [UInt64: Int64] = [:]
    try CopyFields.forEach(compared.queries.hashes(division, in: buckets), of: 2, on: &target) { fields in
      guard fields[0].count == 8, fields[1].count == 8 else {
        throw PostgresError.unexpectedResult("a hash is not as long as it should be")
      }
      theirs[UInt64(bitPattern: fields[0].int64)] = fields[1].int64
    }
    var again = try compared.hasher()
    let statement = try compared.reader.scan(source)
    var found: [Found] = []
    var doubtful: [[Value]] = []
    while try statement.step() {
      let row = again.read(statement)
      guard row.hasKey else { continue }
      let key = again.keyHash
      guard division.contains(key), isWanted[Division.bucket(key)] else { continue }
      let hash = theirs.removeValue(forKey: key)
      if row.isMisfit || row.isLossy || hash != row.hash {
        found.append(Found(kind: hash == nil ? .missing : .different, key: compared.reader.key(of: statement)))
      } else if row.showsZeros {
        doubtful.append(compared.reader.key(of: statement))
      }
      if doubtful.count >= Self.batch {
        found += try compared.differing(among: doubtful, source: source, target: &target)
        doubtful.removeAll()
      }
      if found.count < Self.batch { continue }
      try findings.note(found, source: source, target: &target)
      found.removeAll()
    }
    found += try compared.differing(among: doubtful, source: source, target: &target)
    try findings.note(found, source: source, target: &target)
    if !theirs.isEmpty { try noteExtras(theirs, division, buckets, source: source, target: &target) }
  }

  private mutating func noteExtras(
    _ hashes: [UInt64: Int64], _ division: Division, _ buckets: [Int], source: borrowing Database,
    target: inout Connection
  ) throws {
    var listed: [[[UInt8]]] = []
    let room = findings.roomForExtras
    let count = compared.plan.keyPositions.count + 1
    if room > 0 {
      try CopyFields.forEach(compared.queries.keys(division, in: buckets), of: count, on: &target) { fields in
        guard listed.count < room, fields[0].count == 8, hashes[UInt64(bitPattern: fields[0].int64)] != nil else {
          return
        }
        listed.append(fields.dropFirst().map { Array($0) })
      }
    }
    var extras: [Found] = []
    for fields in listed { extras.append(try compared.extra(fields, &target)) }
    try findings.note(extras, source: source, target: &target)
    findings.note(unlisted: hashes.count - listed.count)
  }
}
