/// A row's hash, made of its fields' one after the other, as `hash_array_extended` does over an array of bytea.
///
/// That function is linear in the hashes of the elements, so a sum over rows would not notice two rows that exchanged the
/// values of a column. `finished` sends it through the hash function once more, which is not linear.
struct RowHash {
  private(set) var value: UInt64 = 1

  /// - Parameter field: the field's hash; 0 for NULL.
  @inline(__always)
  mutating func add(_ field: UInt64) { value = value &* 31 &+ field }

  /// As `hashint4extended(0, …)` gives it.
  @inline(__always)
  var finished: Int64 { Int64(bitPattern: Lookup3.hash(word: 0, seed: value)) }
}

/// What travels of many rows: how many they are, and the sum of their hashes, which is as wide as it needs to be.
struct RowSum: Equatable, Sendable {
  private(set) var rows: Int64 = 0
  private(set) var sum: Int128 = 0

  init() {}

  /// - Parameter sum: as PostgreSQL writes the sum.
  init?(rows: Int64, sum: String) {
    guard let sum = Int128(sum) else { return nil }
    self.rows = rows
    self.sum = sum
  }

  @inline(__always)
  mutating func add(_ hash: Int64) {
    rows &+= 1
    sum &+= Int128(hash)
  }

  mutating func add(_ other: RowSum) {
    rows += other.rows
    sum += other.sum
  }
}
