import Testing

@testable import Cutover

struct HookTests {
  @Test(arguments: ["/bin/sh -c true", "true", "cd /tmp && true", "sh script.sh", "if true; then true; fi"])
  func `takes programs, what is on the path, and the shell's own words`(command: String) {
    #expect(Hook.state(of: command) == .runnable)
  }

  @Test(arguments: ["/no/such/program --flag", "no-such-program-anywhere", "/etc/passwd", "/tmp", "/", ""])
  func `notices what cannot be run`(command: String) {
    guard case .missing = Hook.state(of: command) else {
      Issue.record("'\(command)' passed")
      return
    }
  }

  /// Only the shell can tell what these are.
  @Test(arguments: ["NAME=value program", "$PROGRAM", "'/no/such program'", "(cd /)", "{ true; }"])
  func `leaves to the shell what the shell has to interpret`(command: String) {
    #expect(Hook.state(of: command) == .runnable)
  }

  @Test func `needs no hook`() {
    let state = Hook.state(of: nil)
    #expect(state == .none)
  }

  @Test func `tells the exit status, or 128 and the signal`() throws {
    #expect(try Hook.run("exit 0", .forward) == 0)
    #expect(try Hook.run("exit 7", .forward) == 7)
    #expect(try Hook.run("kill -9 $$", .back) == 137)
  }

  @Test func `its environment tells which way the switch goes, and has everything else`() throws {
    let test = #"test "$CHANGEOVER_DIRECTION $CHANGEOVER_AUTHORITY" ="#
    #expect(try Hook.run("\(test) 'forward postgresql'", .forward) == 0)
    #expect(try Hook.run("\(test) 'back sqlite'", .back) == 0)
    #expect(try Hook.run(#"test -n "$PATH""#, .back) == 0)
  }
}
