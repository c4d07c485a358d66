/// The bounds of the format, checked before anything is allocated.
package enum BatchLimits {
  /// The most bytes that a payload may have before compression: 2 GiB.
  package static let rawLength = 1 << 31
  /// The most bytes that a payload may have in the file: stored blocks add a little to what cannot be compressed.
  static let compressedLength = rawLength + rawLength / 1024 + 1024
  /// The most that deflate can shrink its input (a 258-byte match in two bits).
  static let ratio: UInt64 = 1032
  /// The fewest bytes that an entry can take: kind, table and one value.
  static let entryLength: UInt64 = 3
  /// The most columns that SQLite can be built for.
  package static let columns = 32_767
  /// The most columns that all the tables of a batch may have together: names take memory, however short they are.
  package static let declaredColumns = 1 << 24
  /// The largest part number, six digits in a file's name.
  package static let part: UInt32 = 999_999
}
