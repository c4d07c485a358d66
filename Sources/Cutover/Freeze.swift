import Glibc
import Model
import Pipeline

/// The two commands around the pause: what the one stopped the other lets go on, whatever came of the switch, even where
/// this process died in between.
struct Freeze {
  private let freeze: String?
  private let thaw: String?
  private let state: StateDirectory

  init(_ options: CutoverOptions, _ state: StateDirectory) {
    freeze = options.freeze
    thaw = options.thaw
    self.state = state
  }

  /// Thaws what an earlier run froze and did not come to thaw. False where that fails.
  func recover(_ steps: inout Steps) -> Bool {
    guard AtomicFile.read(state.frozenPath) != nil else { return true }
    guard thaw != nil else {
      steps.fail(
        "thaw", "an earlier run froze the application's jobs and never let them go on: name the command with --thaw")
      return false
    }
    return end(&steps)
  }

  /// False where the command failed; whatever it did is then thawed.
  func begin(_ steps: inout Steps) throws -> Bool {
    guard let freeze else { return true }
    let started = ContinuousClock.now
    try AtomicFile.write(Array("frozen\n".utf8), to: state.frozenPath, durable: true)
    FaultPoint.reach("before-freeze")
    let status = try Hook.run(freeze, .forward)
    FaultPoint.reach("frozen")
    guard status == 0 else {
      steps.fail("freeze", "ended with status \(status): nothing was changed", since: started)
      _ = end(&steps)
      return false
    }
    steps.note("freeze", "ended well", since: started)
    return true
  }

  /// Runs the thaw where something is frozen; false where it fails.
  @discardableResult
  func end(_ steps: inout Steps) -> Bool {
    guard let thaw, AtomicFile.read(state.frozenPath) != nil else { return true }
    let started = ContinuousClock.now
    do {
      let status = try Hook.run(thaw, .forward)
      guard status == 0 else {
        steps.fail("thaw", "ended with status \(status): let the jobs go on by hand", since: started)
        return false
      }
      unlink(state.frozenPath)
      steps.note("thaw", "ended well", since: started)
      return true
    } catch {
      steps.fail("thaw", "\(error)", since: started)
      return false
    }
  }
}
