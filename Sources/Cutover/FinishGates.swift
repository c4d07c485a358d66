import Model

/// What speaks against the end of the move: pure decisions over what was found.
package struct FinishGates: Sendable {
  /// The SQLite file as it was found.
  package enum Source: Sendable, Equatable {
    case fenced
    /// Fenced, with something of the fence missing.
    case damaged
    /// No trace of changeover: an earlier finish took the fence away.
    case uninstalled
    case missing
  }

  package var phase: Phase
  package var source: Source
  package var isSyncRunning: Bool
  /// Rows that nobody gave up, in the quarantine of each store.
  package var quarantinedOnTarget: Int64
  package var quarantinedOnSource: Int64
  /// Rows that somebody gave up.
  package var discarded: Int64
  /// Writes to PostgreSQL that are not in SQLite.
  package var undelivered: Int64

  package init(
    phase: Phase, source: Source, isSyncRunning: Bool = false, quarantinedOnTarget: Int64 = 0,
    quarantinedOnSource: Int64 = 0, discarded: Int64 = 0, undelivered: Int64 = 0
  ) {
    self.phase = phase
    self.source = source
    self.isSyncRunning = isSyncRunning
    self.quarantinedOnTarget = quarantinedOnTarget
    self.quarantinedOnSource = quarantinedOnSource
    self.discarded = discarded
    self.undelivered = undelivered
  }

  package var findings: [Gates.Finding] {
    switch phase {
    case .switched: [phaseFinding, syncFinding, quarantine, sourceFinding, delivery]
    case .finished: [phaseFinding, syncFinding, sourceFinding]
    case .preparing, .syncing, .switching, .switchingBack: [phaseFinding]
    }
  }

  private var phaseFinding: Gates.Finding {
    func no(_ text: String) -> Gates.Finding { Gates.Finding("phase", false, text) }
    switch phase {
    case .switched: return Gates.Finding("phase", true, "PostgreSQL is the authority")
    case .finished: return Gates.Finding("phase", true, "the move is over; what an interrupted run left is completed")
    case .preparing, .syncing:
      return no(
        "SQLite is the authority: there is nothing to finish before changeover cutover. To give the move up, stop the "
          + "sync and take changeover out of SQLite with changeover uninstall")
    case .switching:
      return no("a cutover has begun and is not resolved: run changeover cutover --execute again, or start sync")
    case .switchingBack:
      return no("a rollback has begun and is not resolved: run changeover rollback --execute again, or start sync")
    }
  }

  private var syncFinding: Gates.Finding {
    isSyncRunning
      ? Gates.Finding("sync", false, "changeover works on the two stores (sync, or a switch): stop it first")
      : Gates.Finding("sync", true, "none is running")
  }

  private var quarantine: Gates.Finding {
    var full: [String] = []
    if quarantinedOnTarget > 0 { full.append("\(quarantinedOnTarget) rows that never came to PostgreSQL") }
    if quarantinedOnSource > 0 { full.append("\(quarantinedOnSource) rows that never came back to SQLite") }
    guard full.isEmpty else {
      return Gates.Finding(
        "quarantine", false,
        "\(full.joined(separator: " and ")) are in the quarantine: mend them, or give them up (changeover quarantine)")
    }
    return Gates.Finding(
      "quarantine", true, discarded == 0 ? "empty" : "\(discarded) rows were given up, and are forgotten")
  }

  private var sourceFinding: Gates.Finding {
    switch source {
    case .fenced: Gates.Finding("source", true, "closed for writing")
    case .damaged:
      Gates.Finding("source", true, "closed for writing, with a part of its fence missing: it is made whole")
    case .uninstalled: Gates.Finding("source", true, "bears no trace of changeover")
    case .missing: Gates.Finding("source", true, "the file is gone")
    }
  }

  private var delivery: Gates.Finding {
    Gates.Finding(
      "way back", true,
      undelivered == 0
        ? "will be closed" : "will be closed; SQLite stays as it is, \(undelivered) logged writes behind")
  }
}
