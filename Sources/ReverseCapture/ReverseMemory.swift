import Apply
import FoundationEssentials
import Model
import Postgres
import Schema

/// What the way back remembers on the target: the tables' shape as of the last drain that found it changed, and what
/// speaks against going back.
package struct ReverseMemory: Sendable {
  let shape: TargetShape
  package let deviations: [Deviation]

  /// Nil where nothing was remembered since this switch.
  package static func read(
    _ source: RandomID, _ switchID: RandomID?, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> ReverseMemory? {
    guard let switchID else { return nil }
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(uuid: switchID)
    let result = try connection.query(
      "SELECT shape, deviations FROM \(catalogue.reverse) WHERE source = $1 AND switch_id = $2", parameters)
    guard result.rowCount == 1 else { return nil }
    let decoder = JSONDecoder()
    return ReverseMemory(
      shape: try decoder.decode(TargetShape.self, from: Data(result.string(0, 0).utf8)),
      deviations: try decoder.decode([Deviation].self, from: Data(result.string(0, 1).utf8)))
  }

  /// The statement that remembers what the tables look like now, for the transaction that makes the switch. What changes
  /// from there on is told from what was so before.
  package static func statement(
    of plan: TargetPlan, _ source: RandomID, _ switchID: RandomID, _ catalogue: TargetCatalogue,
    _ connection: inout Connection
  ) throws -> String {
    let query = FoundTarget.Query(plan, known: [], source, catalogue)
    let found = try FoundTarget.read(query, &connection)
    let comparison = ShapeComparison(plan, before: nil, found: found)
    let texts = try ReverseMemory(shape: comparison.shape, deviations: comparison.deviations).texts()
    return insertion(
      catalogue, ["'\(source)'", "'\(switchID)'", "''"] + texts.map { PostgresText.literal($0) })
  }

  func write(
    _ source: RandomID, _ switchID: RandomID?, fingerprint: String, _ catalogue: TargetCatalogue,
    _ connection: inout Connection
  ) throws {
    guard let switchID else { return }
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(uuid: switchID)
    parameters.append(text: fingerprint)
    for text in try texts() { parameters.append(text: text) }
    _ = try connection.query(Self.insertion(catalogue, ["$1", "$2", "$3", "$4", "$5"]), parameters)
  }

  private func texts() throws -> [String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return [
      String(decoding: try encoder.encode(shape), as: UTF8.self),
      String(decoding: try encoder.encode(deviations), as: UTF8.self),
    ]
  }

  private static func insertion(_ catalogue: TargetCatalogue, _ values: [String]) -> String {
    """
    INSERT INTO \(catalogue.reverse) AS r (source, switch_id, fingerprint, shape, deviations)
    VALUES (\(values.joined(separator: ", ")))
    ON CONFLICT (source) DO UPDATE SET switch_id = EXCLUDED.switch_id, fingerprint = EXCLUDED.fingerprint,
      shape = EXCLUDED.shape, deviations = EXCLUDED.deviations, noticed_at = now()
    """
  }
}
