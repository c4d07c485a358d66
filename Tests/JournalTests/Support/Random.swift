import Glibc

/// SplitMix64: the same numbers from the same seed everywhere.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A fresh seed, printed so that a failure can be repeated with JOURNAL_TEST_SEED.
  static func seed(for test: String) -> UInt64 {
    let seed = getenv("JOURNAL_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...(.max))
    print("\(test): JOURNAL_TEST_SEED=\(seed)")
    return seed
  }
}
