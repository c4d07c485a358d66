import Testing

@testable import Verify

struct PaceTests {
  @Test func `without a limit nobody waits`() {
    var pace = Pace(nil)
    #expect(pace.wait(after: 1_000_000) == 0)
    #expect(pace.portion(of: 65_536) == 65_536)
  }

  @Test func `so many rows take so long`() {
    var pace = Pace(1_000)
    let start = ContinuousClock.now
    #expect((450...500).contains(pace.wait(after: 500, now: start)))
    #expect((950...1_000).contains(pace.wait(after: 500, now: start)))
    // Whoever is late does not wait.
    #expect(pace.wait(after: 100, now: start + .seconds(60)) == 0)
  }

  @Test func `no wait is much longer than a second`() {
    #expect(Pace(100).portion(of: 65_536) == 100)
    #expect(Pace(0.5).portion(of: 65_536) == 1)
  }

  @Test func `divisions cover all hashes once`() {
    for width in [Int64(1), 1_000, Division.end / 7, Division.end] {
      var next: Int64 = 0
      var count = 0
      while next < Division.end {
        let division = Division(from: next, width: width)
        #expect(division.start == next && division.end > next)
        next = division.end
        count += 1
      }
      #expect(next == Division.end && count <= 64)
    }
    #expect(Division(from: 0, width: Division.end).contains(.max))
  }
}
