import Apply
import Model
import Pipeline
import Postgres
import Schema

/// What follows once the application may write to the other store: its canary, the switch hook, the check of the foreign
/// keys. Nothing here takes the switch back; what fails is reported.
struct Aftercare {
  private let settings: SwitchSettings
  private let state: StateDirectory
  private let direction: Hook.Direction

  init(_ settings: SwitchSettings, _ state: StateDirectory, _ direction: Hook.Direction) {
    self.settings = settings
    self.state = state
    self.direction = direction
  }

  /// Runs the canary, where there is one; false where it failed.
  func runCanary(_ steps: inout Steps) -> Bool {
    guard let command = settings.canary else { return true }
    let started = ContinuousClock.now
    do {
      FaultPoint.reach("before-canary")
      let status = try Hook.run(command, direction)
      FaultPoint.reach("after-canary")
      if status == 0 {
        steps.note("canary", "ended well", since: started)
        return true
      }
      steps.fail("canary", "ended with status \(status)", since: started)
    } catch {
      steps.fail("canary", "\(error)", since: started)
    }
    return false
  }

  /// Runs the hook, where there is one that did not end well before.
  /// - Parameter decision: which switch, or way back.
  func runHook(after decision: String, _ steps: inout Steps) {
    guard let command = settings.onSwitch, !Hook.hasRun(after: decision, state) else { return }
    let started = ContinuousClock.now
    do {
      FaultPoint.reach("before-hook")
      let status = try Hook.run(command, direction)
      FaultPoint.reach("after-hook")
      guard status == 0 else {
        return steps.fail(
          "switch hook",
          "ended with status \(status): the switch is done, run \(direction.command) again or the command by hand",
          since: started)
      }
      try Hook.noteRun(after: decision, state)
      steps.note("switch hook", "ended well", since: started)
    } catch {
      steps.fail("switch hook", "\(error)", since: started)
    }
  }

  /// Checks the rows under the foreign keys.
  /// - Parameter isRepeated: keys that an earlier run left NOT VALID are no failure of this one.
  func validate(_ plan: TargetPlan, _ connection: inout Connection, isRepeated: Bool = false, _ steps: inout Steps) {
    let started = ContinuousClock.now
    do {
      FaultPoint.reach("before-validation")
      let outcome = try ForeignKeys(plan).validate(except: settings.waived, &connection)
      FaultPoint.reach("validated")
      var detail = "\(outcome.valid) valid"
      if !outcome.orphaned.isEmpty {
        detail += "; left NOT VALID, rows lead nowhere: \(outcome.orphaned.joined(separator: ", "))"
      }
      for (key, reason) in outcome.unchecked { detail += "; \(key) could not be checked (\(reason))" }
      if (outcome.orphaned.isEmpty || isRepeated) && outcome.unchecked.isEmpty {
        steps.note("foreign keys validated", detail, since: started)
      } else {
        steps.fail("foreign keys validated", detail, since: started)
      }
    } catch {
      steps.fail("foreign keys validated", "not checked: \(error); run changeover cutover again", since: started)
    }
  }
}
