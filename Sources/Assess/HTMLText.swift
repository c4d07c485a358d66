/// The one place where text becomes HTML.
enum HTMLText {
  /// Text and attribute values: what markup consists of is escaped, control characters are spelt out.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in Words.printable(text).unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// An element around text that is escaped here.
  static func element(_ name: String, _ text: String, class style: String? = nil) -> String {
    raw(name, escaped(text), class: style)
  }

  /// An element around what is HTML already.
  static func raw(_ name: String, _ html: String, class style: String? = nil) -> String {
    "<\(name)\(style.map { " class=\"\($0)\"" } ?? "")>\(html)</\(name)>"
  }
}
