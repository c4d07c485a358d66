import Testing

@testable import Assess

/// Numbers and names as people read them.
@Suite struct WordsTests {
  @Test(
    arguments: [
      (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (.min, "-9,223,372,036,854,775,808"),
    ]
      as [(Int64, String)])
  func `numbers have a comma after every three digits`(value: Int64, text: String) {
    #expect(Words.number(value) == text)
  }

  @Test(
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_500, "1.5 KB"), (23_000_000, "23 MB"),
      (4_000_000_000_000, "4.0 TB"),
    ]
      as [(Int64, String)])
  func `sizes have a unit`(value: Int64, text: String) {
    #expect(Words.bytes(value) == text)
  }

  @Test func `durations are rounded up to what a person would say`() {
    #expect(Words.duration(0.2) == "a second")
    #expect(Words.duration(61.2) == "62 seconds")
    #expect(Words.duration(600) == "10 minutes")
    #expect(Words.duration(9_000) == "2.5 hours")
  }

  @Test func `what a terminal would act on is spelt out`() {
    #expect(Words.printable("a\u{1B}[31mb\u{202E}c\n") == "a\\u{1B}[31mb\\u{202E}c\\u{A}")
    #expect(Words.printable("Grüße, 日本") == "Grüße, 日本")
  }
}
