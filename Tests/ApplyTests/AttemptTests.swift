import Postgres
import Testing

@testable import Apply

struct AttemptTests {
  private let first = Attempt(keysMayRepeat: false)

  /// What is tried after an error; nil where nothing is.
  private func next(_ attempt: Attempt?, _ sqlState: String) -> Attempt? {
    guard var attempt, attempt.next(after: .server(ServerError(sqlState: sqlState))) else { return nil }
    return attempt
  }

  @Test func `a unique violation deletes first, then looks for the row`() {
    let second = next(first, "23505")
    #expect(second?.way == .replace)
    let third = next(second, "23505")
    #expect(third?.way == .oneByOne)
    #expect(next(third, "23505") == nil)
  }

  @Test(arguments: ["23514", "22001", "22P02", "54000", "23502", "P0001"])
  func `other refusals look for the row at once`(_ state: String) {
    #expect(next(first, state)?.way == .oneByOne)
    #expect(next(next(first, "23505"), state)?.way == .oneByOne)
    let last = next(next(first, state), state)
    // Rows may be too wide to be staged at all.
    #expect(state == "54000" ? last?.measures == true && next(last, state) == nil : last == nil)
  }

  @Test func `keys that meet are told apart by their order`() {
    let second = next(first, "21000")
    #expect(second?.keysMayRepeat == true)
    #expect(second?.way == .upsert)
    #expect(next(second, "21000") == nil)
  }

  @Test func `rows in the quarantine change nothing but the route`() {
    #expect(next(first, "CO003") == first)
  }

  @Test(arguments: ["CO001", "40001", "42P01", "57014", "XX000", "53100"])
  func `what no other way would help is passed on`(_ state: String) {
    #expect(next(first, state) == nil)
  }

  @Test func `a lost connection is passed on`() {
    var attempt = first
    let goesOn = attempt.next(after: .connectionLost(""))
    #expect(!goesOn)
  }
}
