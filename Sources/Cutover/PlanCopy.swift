import FoundationEssentials
import Pipeline
import Schema

/// The target's plan, kept in the state directory too: with it the journal can be read where the target is gone.
enum PlanCopy {
  static func write(_ plan: TargetPlan, _ state: StateDirectory) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try AtomicFile.write(Array(encoder.encode(plan)), to: state.planPath, durable: true)
  }

  /// Nil where there is none that can be read.
  static func read(_ state: StateDirectory) -> TargetPlan? {
    guard let bytes = AtomicFile.read(state.planPath) else { return nil }
    return try? JSONDecoder().decode(TargetPlan.self, from: Data(bytes))
  }
}
