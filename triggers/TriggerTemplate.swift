/// An SQL file of this folder with its `{placeholders}`.
package struct TriggerTemplate: Sendable {
  private let bytes: [UInt8]

  package static let changeTable = TriggerTemplate(bytes: PackageResources.change_table_sql)
  package static let insert = TriggerTemplate(bytes: PackageResources.insert_sql)
  package static let update = TriggerTemplate(bytes: PackageResources.update_sql)
  package static let rekey = TriggerTemplate(bytes: PackageResources.rekey_sql)
  package static let delete = TriggerTemplate(bytes: PackageResources.delete_sql)
  package static let probeInsert = TriggerTemplate(bytes: PackageResources.probe_insert_sql)
  package static let probeUpdate = TriggerTemplate(bytes: PackageResources.probe_update_sql)
  package static let earlyUpdate = TriggerTemplate(bytes: PackageResources.early_update_sql)
  package static let earlyDelete = TriggerTemplate(bytes: PackageResources.early_delete_sql)
  package static let sourceQuarantine = TriggerTemplate(bytes: PackageResources.quarantine_sql)
  package static let sourceFence = TriggerTemplate(bytes: PackageResources.source_fence_sql)
  package static let fenceGuard = TriggerTemplate(bytes: PackageResources.fence_guard_sql)

  package static let catalogue = TriggerTemplate(bytes: PackageResources.catalogue_sql)
  package static let targetFence = TriggerTemplate(bytes: PackageResources.target_fence_sql)
  package static let targetLog = TriggerTemplate(bytes: PackageResources.target_log_sql)
  package static let targetCaptureFunction = TriggerTemplate(bytes: PackageResources.target_capture_function_sql)
  package static let targetCapture = TriggerTemplate(bytes: PackageResources.target_capture_sql)

  /// The SQL with every placeholder replaced in one pass, so that a table called `{id}` stays what it is.
  ///
  /// A placeholder without a value is a mistake in this program, not in its input.
  package func fill(_ values: [String: String]) -> String {
    var filled: [UInt8] = []
    filled.reserveCapacity(bytes.count * 2)
    var rest = bytes[...]
    while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
      guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else { break }
      let name = String(decoding: rest[(open + 1)..<close], as: UTF8.self)
      guard let value = values[name] else { preconditionFailure("no value for the placeholder {\(name)}") }
      filled += rest[..<open]
      filled += Array(value.utf8)
      rest = rest[(close + 1)...]
    }
    filled += rest
    if filled.last == UInt8(ascii: "\n") { filled.removeLast() }
    return String(decoding: filled, as: UTF8.self)
  }
}
