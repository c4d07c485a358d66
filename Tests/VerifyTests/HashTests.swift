import Model
import Postgres
import TestSupport
import Testing

@testable import Verify

/// The hash that both sides compute.
@Suite(.enabled(if: TestServer.isThere, "DATABASE_URL is not set"))
struct HashTests {
  private static let lengths = Array(0...40) + [63, 64, 65, 1_000, 65_537]

  @Test(arguments: [UInt64(0), 1, .max, UInt64.random(in: 2 ..< .max)])
  func `bytes of every length hash here as on the server`(_ seed: UInt64) throws {
    print("hashes: seed \(seed)")
    var random = SeededRandom(seed: seed)
    var connection = try TestServer.connect()
    for length in Self.lengths {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var parameters = Parameters()
      parameters.append(bytea: bytes)
      parameters.append(int64: Int64(bitPattern: seed))
      let result = try connection.query(
        """
        SELECT hash_array_extended(ARRAY[$1::bytea, NULL, $1, ''], $2),
          hashint4extended(0, hash_array_extended(ARRAY[NULL, $1::bytea], $2))
        """, parameters)
      let lookup3 = Lookup3(order: .little)
      let hash = bytes.withUnsafeBytes { lookup3.hash($0, seed: seed) }
      var row = RowHash()
      for field in [hash, 0, hash, [UInt8]().withUnsafeBytes { lookup3.hash($0, seed: seed) }] { row.add(field) }
      #expect(try result.int64(0, 0) == Int64(bitPattern: row.value), "\(length) bytes, seed \(seed)")
      var other = RowHash()
      other.add(0)
      other.add(hash)
      #expect(try result.int64(0, 1) == other.finished, "\(length) bytes, seed \(seed)")
    }
  }

  @Test func `a server of the other byte order hashes the words that it reads`() {
    var random = SeededRandom(seed: 3)
    for length in 0...40 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      // The same words in little-endian order; the last one's missing bytes are its least significant.
      let words = stride(from: 0, to: length, by: 4).map { start -> [UInt8] in
        let word = Array(bytes[start..<min(start + 4, length)])
        return (word + Array(repeating: 0, count: 4 - word.count)).reversed()
      }
      guard length % 4 == 0 else {
        // A part of a word hashes as no whole word does, and as no other order does.
        #expect(
          bytes.withUnsafeBytes { Lookup3(order: .big).hash($0, seed: 5) }
            != bytes.withUnsafeBytes { Lookup3(order: .little).hash($0, seed: 5) } || length == 0
            || Set(bytes).count == 1)
        continue
      }
      let swapped = words.flatMap { $0 }
      #expect(
        bytes.withUnsafeBytes { Lookup3(order: .big).hash($0, seed: 5) }
          == swapped.withUnsafeBytes { Lookup3(order: .little).hash($0, seed: 5) })
    }
  }

  @Test func `a sum over rows notices values that changed places`() {
    let lookup3 = Lookup3(order: .little)
    func row(_ values: [String]) -> Int64 {
      var hash = RowHash()
      for value in values { Array(value.utf8).withUnsafeBytes { hash.add(lookup3.hash($0, seed: 9)) } }
      return hash.finished
    }
    func sum(_ rows: [[String]]) -> RowSum {
      rows.reduce(into: RowSum()) { $0.add(row($1)) }
    }
    #expect(sum([["1", "a"], ["2", "b"]]) != sum([["1", "b"], ["2", "a"]]))
    #expect(sum([["1", "a"], ["2", "b"]]) == sum([["2", "b"], ["1", "a"]]))
    #expect(sum([["1", "ab", "c"]]) != sum([["1", "a", "bc"]]))
    #expect(sum([["1", "a", "b"]]) != sum([["1", "b", "a"]]))
  }

  @Test func `a sum is as wide as it needs to be`() {
    var sum = RowSum()
    for _ in 0..<5 { sum.add(.max) }
    #expect(sum == RowSum(rows: 5, sum: "46116860184273879035"))
    #expect(RowSum(rows: 1, sum: "x") == nil)
  }
}
