import Apply
import Model
import Pipeline
import Postgres

/// The proof that both stores hold the same, as the gates want it: the last verify, or one that cutover runs itself.
package enum LastVerify: Sendable, Equatable {
  /// One that is recent enough, and what it found.
  case recent(Findings)
  /// None that is; what the last one found, if there was one. Cutover runs one before the switch.
  case outdated(Findings?)
  /// It was to be run, and did not come to its end.
  case failed(String)

  /// What a verify found, as far as the switch asks.
  package struct Findings: Sendable, Equatable {
    /// Seconds since its end.
    package var age: Double
    package var rows: Int64
    package var differences: Int64
    /// No row differs, apart from those given up.
    package var isEqual: Bool
    /// Checks that failed, but for those that the other gates look at themselves.
    package var failedChecks: [String]

    package init(age: Double, rows: Int64, differences: Int64, isEqual: Bool, failedChecks: [String]) {
      self.age = age
      self.rows = rows
      self.differences = differences
      self.isEqual = isEqual
      self.failedChecks = failedChecks
    }

    package var isClean: Bool { isEqual && failedChecks.isEmpty }
  }

  /// The name that the gate is waived by.
  package static let waiver = "verified"
  /// Looked at by gates of their own, or told by the rows.
  private static let judgedElsewhere: Set = ["foreign_keys", "row_counts"]

  /// Looks the last one up; where it is not recent and clean, runs one if that may be done now.
  static func look(
    _ options: CutoverOptions, _ session: SyncSession, mayRun: Bool, _ stop: StopSignal, _ connection: inout Connection
  ) throws -> LastVerify {
    let latest = try VerifyRecord.latest(of: session.record.source, session.catalogue, &connection)
    // A newer look at some tables that found differences counts for more than an older one at all of them.
    let last = (latest.warning ?? latest.full).map(Findings.init)
    let settings = options.settings
    let mayRun = mayRun && !options.requiresVerified
    let isRecent = last.map { $0.age <= options.verifiedWithin } ?? false
    if let last, isRecent, last.isClean || !mayRun { return .recent(last) }
    guard mayRun, !settings.waived.contains(waiver) else { return .outdated(last) }
    do {
      let verify = VerifyOptions(
        source: settings.source, target: settings.target, state: settings.state, targetSchema: settings.targetSchema,
        lockPatience: settings.lockTimeout)
      let report = try Verification(verify, stop: stop) { _ in }.run()
      return .recent(
        Findings(
          age: 0, rows: report.rows, differences: report.differences, isEqual: report.isEqual,
          failedChecks: others(report.checks.filter { !$0.ok }.map(\.name.rawValue))))
    } catch let failure as Failure {
      return .failed(failure.description)
    }
  }

  /// What the newest verify since the switch found; nil where there was none.
  static func sinceSwitch(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> Findings? {
    let latest = try VerifyRecord.latest(of: record.source, catalogue, &connection)
    let last = [latest.warning, latest.full, latest.any].compactMap(\.self).first {
      $0.direction == .reverse && $0.position.group >= record.applied.group
    }
    return last.map(Findings.init)
  }

  fileprivate static func others(_ checks: [String]) -> [String] { checks.filter { !judgedElsewhere.contains($0) } }
}

extension LastVerify.Findings {
  fileprivate init(_ record: VerifyRecord) {
    self.init(
      age: record.age, rows: record.tables.reduce(0) { $0 + $1.sourceRows }, differences: record.differences,
      isEqual: record.isEqual, failedChecks: LastVerify.others(record.failedChecks))
  }
}

extension LastVerify {
  /// What the gate says.
  /// - Parameter isRequired: nothing but a clean one that is recent will do.
  func finding(isWaived: Bool, isRequired: Bool = false) -> Gates.Finding {
    if isRequired {
      switch self {
      case .recent(let findings) where findings.isClean: return Gates.Finding(Self.waiver, true, sentence(findings))
      case .recent(let findings), .outdated(let findings?):
        return Gates.Finding(
          Self.waiver, false, "\(sentence(findings)): --require-verified wants a clean one, and recent")
      case .outdated(nil):
        return Gates.Finding(Self.waiver, false, "never: --require-verified wants changeover verify to have run")
      case .failed(let reason): return Gates.Finding(Self.waiver, false, reason)
      }
    }
    let accept = "or accept with --waive \(Self.waiver)"
    if isWaived {
      switch self {
      case .recent(let findings) where findings.isClean: break
      case .recent(let findings): return Gates.Finding(Self.waiver, true, "\(sentence(findings)): waived")
      case .outdated(let findings?): return Gates.Finding(Self.waiver, true, "\(sentence(findings)): waived")
      case .outdated(nil): return Gates.Finding(Self.waiver, true, "never: waived")
      case .failed(let reason): return Gates.Finding(Self.waiver, true, "\(reason): waived")
      }
    }
    switch self {
    case .recent(let findings):
      return Gates.Finding(
        Self.waiver, findings.isClean,
        findings.isClean
          ? sentence(findings) : "\(sentence(findings)): run changeover verify --repair, \(accept)")
    case .outdated(let findings?):
      let text = "\(sentence(findings)), too long ago"
      return Gates.Finding(
        Self.waiver, findings.isClean,
        findings.isClean
          ? "\(text): with --execute both stores are compared once more before the switch"
          : "\(text): run changeover verify --repair, \(accept)")
    case .outdated(nil):
      return Gates.Finding(
        Self.waiver, true, "never yet: with --execute both stores are compared before the switch")
    case .failed(let reason):
      return Gates.Finding(Self.waiver, false, "the stores could not be compared: \(reason); \(accept)")
    }
  }

  private func sentence(_ findings: Findings) -> String { findings.sentence }
}

extension LastVerify.Findings {
  /// For people.
  package var sentence: String {
    var text = isEqual ? "both stores equal (\(rows) rows)" : "\(differences) of \(rows) rows differ"
    if !failedChecks.isEmpty { text += ", checks that failed: \(failedChecks.joined(separator: ", "))" }
    let ago = age < 1 ? "just now" : age < 7_200 ? "\(Int(age / 60)) min ago" : "\(Int(age / 3_600)) h ago"
    return "\(text), \(ago)"
  }
}
