/// A recursive-descent parser for SQLite's SQL.
///
/// Its input is untrusted: what is nested more deeply than `maximumHeight` is refused before the stack ends, here and in
/// all that walks a parsed tree, and no rule goes back over what it has read.
package struct Parser {
  /// Levels of nesting, and of operators in a chain: `a || b || c` has two. SQLite's own limit is 1,000.
  static let maximumHeight = 200

  private let bytes: [UInt8]
  private let tokens: [SQLToken]
  /// The tokens in upper case where they are words, otherwise empty.
  private let words: [String]
  var position = 0
  private var depth = 0
  /// The height of the expression that was read last.
  var height = 0
  /// The greatest height since the innermost select began.
  private var peak = 0

  init(_ sql: String) throws(SyntaxError) {
    bytes = Array(sql.utf8)
    tokens = SQLTokenizer.tokens(of: sql)
    words = tokens.map { $0.kind == .word ? $0.text.uppercased() : "" }
    for token in tokens where !token.isComplete {
      throw SyntaxError(reason: "'\(token.text.prefix(20))' does not end")
    }
  }

  /// Reads one expression that is the whole text.
  package static func expression(_ sql: String) throws(SyntaxError) -> Expression {
    try whole(sql) { (parser) throws(SyntaxError) in try parser.expression() }
  }

  package static func select(_ sql: String) throws(SyntaxError) -> Select {
    try whole(sql) { (parser) throws(SyntaxError) in try parser.select() }
  }

  package static func createTable(_ sql: String) throws(SyntaxError) -> CreateTable {
    try whole(sql) { (parser) throws(SyntaxError) in try parser.createTable() }
  }

  package static func createIndex(_ sql: String) throws(SyntaxError) -> CreateIndex {
    try whole(sql) { (parser) throws(SyntaxError) in try parser.createIndex() }
  }

  package static func createView(_ sql: String) throws(SyntaxError) -> CreateView {
    try whole(sql) { (parser) throws(SyntaxError) in try parser.createView() }
  }

  private static func whole<T>(
    _ sql: String, _ rule: (inout Parser) throws(SyntaxError) -> T
  ) throws(SyntaxError) -> T {
    var parser = try Parser(sql)
    let result = try rule(&parser)
    _ = parser.takeSymbol(";")
    guard parser.isAtEnd else { throw parser.unexpected() }
    return result
  }

  // MARK: Tokens

  var isAtEnd: Bool { position >= tokens.count }
  var current: SQLToken? { position < tokens.count ? tokens[position] : nil }

  /// The word that stands `ahead` tokens further, in upper case; empty where no word stands.
  func word(ahead: Int = 0) -> String { position + ahead < words.count ? words[position + ahead] : "" }

  func isWord(_ word: String, ahead: Int = 0) -> Bool { self.word(ahead: ahead) == word }

  func isSymbol(_ symbol: String, ahead: Int = 0) -> Bool {
    position + ahead < tokens.count && tokens[position + ahead].isSymbol(symbol)
  }

  /// Takes the words if they come next, one after the other.
  mutating func take(_ words: String...) -> Bool {
    for (index, word) in words.enumerated() where !isWord(word, ahead: index) { return false }
    position += words.count
    return true
  }

  mutating func takeSymbol(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ words: String...) throws(SyntaxError) {
    for word in words { guard take(word) else { throw unexpected() } }
  }

  mutating func expectSymbol(_ symbol: String) throws(SyntaxError) {
    guard takeSymbol(symbol) else { throw unexpected() }
  }

  func unexpected() -> SyntaxError {
    guard let current else { return SyntaxError(reason: "it ends too early") }
    if ["?", ":", "@", "#"].contains(String(current.text.prefix(1))), current.kind == .symbol {
      return SyntaxError(reason: "it holds a parameter")
    }
    return SyntaxError(reason: "'\(current.text.prefix(40))' is not understood there")
  }

  /// The text from a token on to the one before `position`.
  func text(from start: Int) -> String { text(from: start, to: position) }

  func text(from start: Int, to end: Int) -> String {
    guard start < end, end <= tokens.count else { return "" }
    return String(decoding: bytes[tokens[start].range.lowerBound..<tokens[end - 1].range.upperBound], as: UTF8.self)
  }

  // MARK: Names and lists

  /// A name in any of the four quotes or bare.
  mutating func name() throws(SyntaxError) -> String {
    guard let token = current, isName(token, at: position) else { throw unexpected() }
    position += 1
    return token.name
  }

  func isName(_ token: SQLToken, at position: Int) -> Bool {
    switch token.kind {
    case .quotedName, .string: true
    case .word: !Keyword.reserved.contains(words[position])
    default: false
    }
  }

  /// `name` or `schema.name`; what counts is the name.
  mutating func qualifiedName() throws(SyntaxError) -> String {
    let first = try name()
    return takeSymbol(".") ? try name() : first
  }

  /// `AS name`, or a name that can be nothing else.
  mutating func alias() throws(SyntaxError) -> String? {
    if take("AS") { return try name() }
    guard let token = current, isName(token, at: position), !Keyword.joins.contains(words[position]) else { return nil }
    position += 1
    return token.name
  }

  mutating func list<T>(_ element: (inout Parser) throws(SyntaxError) -> T) throws(SyntaxError) -> [T] {
    var elements = [try element(&self)]
    while takeSymbol(",") { elements.append(try element(&self)) }
    return elements
  }

  mutating func inParentheses<T>(_ body: (inout Parser) throws(SyntaxError) -> T) throws(SyntaxError) -> T {
    try expectSymbol("(")
    let result = try body(&self)
    try expectSymbol(")")
    return result
  }

  mutating func names() throws(SyntaxError) -> [String] {
    try inParentheses { (parser) throws(SyntaxError) in
      try parser.list { (parser) throws(SyntaxError) in try parser.name() }
    }
  }

  // MARK: Nesting

  /// Goes one level down; every rule that can hold itself does.
  mutating func nested<T>(_ body: (inout Parser) throws(SyntaxError) -> T) throws(SyntaxError) -> T {
    guard depth < Self.maximumHeight else { throw tooDeep }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  /// Notes that an expression was built over others whose greatest height is given.
  mutating func grow(over heights: Int) throws(SyntaxError) {
    height = heights + 1
    peak = max(peak, height)
    guard height <= Self.maximumHeight else { throw tooDeep }
  }

  /// Reads a select; it is as high as the highest of its parts.
  mutating func nestedSelect(_ body: (inout Parser) throws(SyntaxError) -> Select) throws(SyntaxError) -> Select {
    let outer = peak
    peak = 1
    let select = try nested(body)
    try grow(over: peak)
    peak = max(peak, outer)
    return select
  }

  private var tooDeep: SyntaxError {
    SyntaxError(reason: "it is nested more than \(Self.maximumHeight) levels deep")
  }
}

extension SQLToken {
  /// Whether quotes are closed and digits make a number.
  var isComplete: Bool {
    switch kind {
    case .word, .symbol, .number: return true
    case .string, .blob, .quotedName:
      let bytes = kind == .blob ? Array(text.utf8.dropFirst()) : Array(text.utf8)
      guard let quote = bytes.first, bytes.count >= 2 else { return false }
      if quote == UInt8(ascii: "[") { return bytes.last == UInt8(ascii: "]") }
      return bytes.reduce(0) { $1 == quote ? $0 + 1 : $0 }.isMultiple(of: 2)
    }
  }
}
