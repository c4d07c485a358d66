import Apply
import Pipeline
import Schema

/// The target's plan, kept in the state directory too: with it the journal can be read where the target is gone.
enum PlanCopy {
  static func write(_ plan: TargetPlan, _ state: StateDirectory) throws {
    try AtomicFile.write(Array(plan.json.utf8), to: state.planPath, durable: true)
  }

  /// Nil where there is none that can be read.
  static func read(_ state: StateDirectory) -> TargetPlan? {
    guard let bytes = AtomicFile.read(state.planPath) else { return nil }
    return try? TargetPlan(json: String(decoding: bytes, as: UTF8.self))
  }
}
