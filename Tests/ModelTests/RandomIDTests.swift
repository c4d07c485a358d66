import Model
import Testing

@Suite struct RandomIDTests {
  @Test func `a random id reads back from its text`() {
    let id = RandomID.random()
    #expect(RandomID(id.description) == id)
  }

  @Test(arguments: ["", "not-a-uuid", "00000000-0000-4000-8000-00000000000", "0000000000000-4000-8000-0000000000000"])
  func `text that is no UUID is refused`(text: String) {
    #expect(RandomID(text) == nil)
  }
}
