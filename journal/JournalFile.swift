import Model

/// A batch file as a listing of the directory shows it.
package struct JournalFile: Sendable, Hashable {
  package let name: BatchName
  /// Bytes in the directory.
  package let size: Int64
  /// When the file was last written, by the file system's clock.
  package let writtenAt: Instant

  package init(name: BatchName, size: Int64, writtenAt: Instant) {
    self.name = name
    self.size = size
    self.writtenAt = writtenAt
  }
}
