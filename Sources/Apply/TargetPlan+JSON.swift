import FoundationEssentials
import Schema

extension TargetPlan {
  /// The plan as the target and the state directory keep it.
  package var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  package init(json: String) throws {
    self = try JSONDecoder().decode(TargetPlan.self, from: Data(json.utf8))
  }
}
