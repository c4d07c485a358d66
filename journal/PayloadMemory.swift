import Glibc

/// The memory of an inflated payload, freed with it.
///
/// Sendable because it has one owner and nothing writes to it once the owner is a `Batch`.
struct PayloadMemory: ~Copyable, @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  /// Nil where there is no memory: a hostile length must not end the process, as Swift's own allocation would.
  init?(byteCount: Int) {
    guard let base = malloc(max(byteCount, 1)) else { return nil }
    self.base = base
  }

  deinit { free(base) }
}
