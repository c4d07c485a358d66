import Glibc

/// Sizes that a test makes small, by the environment. In release builds there are none.
package enum TestSetting {
  /// CHANGEOVER_TEST_SAMPLE_ROWS: the first copy chooses the types of larger tables from a sample of so many rows.
  package static var sampleRows: Int? {
    #if DEBUG
      getenv("CHANGEOVER_TEST_SAMPLE_ROWS").flatMap { Int(String(cString: $0)) }
    #else
      nil
    #endif
  }
}
