import Apply
import FoundationEssentials
import Model
import Postgres

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

  func write(
    _ source: RandomID, _ switchID: RandomID?, fingerprint: String, _ catalogue: TargetCatalogue,
    _ connection: inout Connection
  ) throws {
    guard let switchID else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(uuid: switchID)
    parameters.append(text: fingerprint)
    parameters.append(text: String(decoding: try encoder.encode(shape), as: UTF8.self))
    parameters.append(text: String(decoding: try encoder.encode(deviations), as: UTF8.self))
    _ = try connection.query(
      """
      INSERT INTO \(catalogue.reverse) AS r (source, switch_id, fingerprint, shape, deviations)
      VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (source) DO UPDATE SET switch_id = EXCLUDED.switch_id, fingerprint = EXCLUDED.fingerprint,
        shape = EXCLUDED.shape, deviations = EXCLUDED.deviations, noticed_at = now()
      """, parameters)
  }
}
