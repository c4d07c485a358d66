import FoundationEssentials
import Logging

/// One line an event on standard error: time, level, text.
struct LineLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    Terminal.note("\(Date.now.formatted(.iso8601)) \(event.level): \(event.message)")
  }
}
