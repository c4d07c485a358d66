import Glibc
import TestSupport

extension SeededRandom {
  /// A fresh seed, printed so that a failure can be repeated with JOURNAL_TEST_SEED.
  static func seed(for test: String) -> UInt64 {
    let seed = getenv("JOURNAL_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...(.max))
    print("\(test): JOURNAL_TEST_SEED=\(seed)")
    return seed
  }
}
