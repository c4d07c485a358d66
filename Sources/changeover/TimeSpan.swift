import ArgumentParser

/// A length of time as people write it: `90s`, `30m`, `6h`, `2d`, or `0`.
struct TimeSpan: ExpressibleByArgument, Sendable, Equatable {
  let seconds: Double

  init(seconds: Double) { self.seconds = seconds }

  init?(argument: String) {
    if argument == "0" {
      seconds = 0
      return
    }
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = argument.last, let unit = units[last], let number = Double(argument.dropLast()),
      number.isFinite, number >= 0, number * unit <= 1e9
    else { return nil }
    seconds = number * unit
  }

  var defaultValueDescription: String { Self.text(seconds) }

  /// The largest unit that says it in a whole number or with one decimal.
  static func text(_ seconds: Double) -> String {
    for (unit, length) in [("d", 86_400.0), ("h", 3_600), ("m", 60)] where seconds >= length * 2 {
      let tenths = (seconds / length * 10).rounded()
      return tenths.truncatingRemainder(dividingBy: 10) == 0 ? "\(Int(tenths / 10)) \(unit)" : "\(tenths / 10) \(unit)"
    }
    return "\(Int(seconds.rounded())) s"
  }
}
