/// A part of a table by the hashes of its keys, in 2³² steps, and the buckets into which it is summed: for tables whose
/// keys the two stores sort differently.
struct Division: Sendable, Equatable {
  /// Where the hashes end.
  static let end: Int64 = 1 << 32
  static let buckets = 1 << 14
  /// The bucket stands in other bits of the key's hash than the division.
  static let bucketShift: Int64 = 32
  /// A scan of the whole table is not done for less than this part of it, whatever the deadline.
  private static let least = end >> 6

  /// The first step, and the one after the last.
  let start: Int64
  let end: Int64

  /// The next division of at most `width` steps.
  init(from start: Int64, width: Int64) {
    self.start = start
    end = min(start + max(width, Self.least), Self.end)
  }

  var width: Int64 { end - start }
  /// Whether it is too small to be divided for the deadline's sake.
  var isLeast: Bool { width <= Self.least }
  var isFirst: Bool { start == 0 }

  func contains(_ keyHash: UInt64) -> Bool { (start..<end).contains(Int64(keyHash & UInt64(Self.end - 1))) }

  static func bucket(_ keyHash: UInt64) -> Int { Int(keyHash >> UInt64(bucketShift)) & (buckets - 1) }
}
