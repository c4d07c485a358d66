import Model

/// What a column was seen to hold.
package struct ColumnFacts: Sendable, Hashable, Codable {
  /// Values by storage class.
  package struct Counts: Sendable, Hashable, Codable {
    package var null: Int64 = 0
    package var integer: Int64 = 0
    package var real: Int64 = 0
    package var text: Int64 = 0
    package var blob: Int64 = 0

    package init() {}

    /// Values that are not NULL.
    package var present: Int64 { integer &+ real &+ text &+ blob }

    package subscript(_ storage: StorageClass) -> Int64 {
      get {
        switch storage {
        case .null: null
        case .integer: integer
        case .real: real
        case .text: text
        case .blob: blob
        }
      }
      set {
        switch storage {
        case .null: null = newValue
        case .integer: integer = newValue
        case .real: real = newValue
        case .text: text = newValue
        case .blob: blob = newValue
        }
      }
    }
  }

  package var counts = Counts()
  /// The integers' least and greatest; nil where there are none.
  package var integers: ClosedRange<Int64>?
  /// The finite REALs' least and greatest; nil where there are none.
  package var reals: ClosedRange<Double>?
  /// REALs that are infinite.
  package var infinities: Int64 = 0
  /// Integers beyond ±2⁵³, which a double would round.
  package var wideIntegers: Int64 = 0
  /// Characters of the longest text, and bytes of the longest blob.
  package var longestText = 0
  package var longestBlob = 0
  package var emptyTexts: Int64 = 0
  /// Texts with characters beyond ASCII.
  package var textsBeyondASCII: Int64 = 0
  /// Texts that PostgreSQL's text cannot hold.
  package var textsWithNUL: Int64 = 0
  package var invalidTexts: Int64 = 0
  /// The least and the greatest text by bytes, cut to 64 of them: shown only where values are asked for.
  package var leastText: [UInt8]?
  package var greatestText: [UInt8]?
  /// How the values fit the types that the column could have, the first choice first.
  package var candidates: [CandidateTally] = []
  /// Rows looked at where the table was only sampled; nil where every row was.
  package var sampledRows: Int64?

  package init() {}

  /// Facts that say no more than this, as if there were one value of each class.
  package init(classes: StorageClasses, hasWideIntegers: Bool = false) {
    for storage in StorageClass.allCases where classes.contains(StorageClasses(storage)) { counts[storage] = 1 }
    wideIntegers = hasWideIntegers ? 1 : 0
  }

  /// Which storage classes the column holds.
  package var classes: StorageClasses {
    var classes: StorageClasses = []
    for storage in StorageClass.allCases where counts[storage] > 0 { classes.insert(StorageClasses(storage)) }
    return classes
  }

  package var hasWideIntegers: Bool { wideIntegers > 0 }
}

/// A type that a column could have, and how its values fit it.
package struct CandidateTally: Sendable, Hashable, Codable {
  package struct Reason: Sendable, Hashable, Codable {
    /// As `Misfit` words it: "holds text that is no date".
    package var reason: String
    package var count: Int64

    package init(reason: String, count: Int64) {
      self.reason = reason
      self.count = count
    }
  }

  package var type: TargetType
  package var reading: Reading
  /// Values that the type does not take.
  package var misfits: Int64 = 0
  /// The commonest first.
  package var byReason: [Reason] = []
  /// The key of the first row with a misfit.
  package var exampleKey: [Value]?
  /// The spellings of the values that fit: at most `spellingLimit` of them, so that more means too many.
  package var spellings: [Spelling] = []

  package static let spellingLimit = 8

  package init(_ type: TargetType, _ reading: Reading = Reading()) {
    self.type = type
    self.reading = reading
  }
}
