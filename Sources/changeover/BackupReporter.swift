import Backup

/// Tells what a backup does: a bar on a terminal, a line every few seconds elsewhere.
final class BackupReporter {
  private static let lineSeconds = 5.0
  private static let barSeconds = 0.1
  private static let barWidth = 30

  private var isDrawn = false
  /// When something was told last; at the start, so that what is over at once says nothing.
  private var toldAt = ContinuousClock.now

  func tell(_ progress: BackupProgress) {
    switch progress {
    case .writersWait(let limit):
      finish()
      Terminal.note(
        "warning: the file has no write-ahead log: the application's commits wait while it is read, for \(limit) s at most"
      )
    case .copying(let pages, let total): show("copying", "\(pages) of \(total) pages", Int64(pages), Int64(total))
    case .reading(let table, let rows): show("comparing", "\(table), \(rows) rows", nil, nil)
    case .examining: show("integrity check", "", nil, nil)
    case .hashing(let bytes, let total):
      show("checksum", "\(ByteText.text(bytes)) of \(ByteText.text(total))", bytes, total)
    }
  }

  /// Leaves the terminal tidy.
  func finish() {
    if isDrawn { Terminal.write("\r\u{1B}[2K", to: 2) }
    isDrawn = false
  }

  private func show(_ step: String, _ detail: String, _ done: Int64?, _ total: Int64?) {
    let interval = Terminal.isInteractive ? Self.barSeconds : Self.lineSeconds
    guard toldAt.duration(to: .now) >= .seconds(interval) else { return }
    toldAt = .now
    var text = "\(step)  "
    if let done, let total, total > 0 {
      let share = min(Double(done) / Double(total), 1)
      text += "\(Int(share * 100)) %  "
      if Terminal.isInteractive {
        let filled = Int(share * Double(Self.barWidth))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
        text = "\(step) [\(bar)] \(Int(share * 100)) %  "
      }
    }
    text += detail
    guard Terminal.isInteractive else { return Terminal.note(text) }
    Terminal.write("\r\u{1B}[2K" + String(text.prefix(max(Terminal.width - 1, 1))), to: 2)
    isDrawn = true
  }
}
