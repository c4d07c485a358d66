import Testing

@testable import Cutover

struct SwitchHookTests {
  @Test(arguments: ["/bin/sh -c true", "true", "cd /tmp && true", "sh script.sh", "if true; then true; fi"])
  func `takes programs, what is on the path, and the shell's own words`(command: String) {
    #expect(SwitchHook.state(of: command) == .runnable)
  }

  @Test(arguments: ["/no/such/program --flag", "no-such-program-anywhere", "/etc/passwd", "/tmp", "/", ""])
  func `notices what cannot be run`(command: String) {
    guard case .missing = SwitchHook.state(of: command) else {
      Issue.record("'\(command)' passed")
      return
    }
  }

  /// Only the shell can tell what these are.
  @Test(arguments: ["NAME=value program", "$PROGRAM", "'/no/such program'", "(cd /)", "{ true; }"])
  func `leaves to the shell what the shell has to interpret`(command: String) {
    #expect(SwitchHook.state(of: command) == .runnable)
  }

  @Test func `needs no hook`() {
    let state = SwitchHook.state(of: nil)
    #expect(state == .none)
  }

  @Test func `tells the exit status, or 128 and the signal`() throws {
    #expect(try SwitchHook.run("exit 0") == 0)
    #expect(try SwitchHook.run("exit 7") == 7)
    #expect(try SwitchHook.run("kill -9 $$") == 137)
  }
}
