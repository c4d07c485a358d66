/// The number by which PostgreSQL knows a type; those of built-in types never change (pg_type.dat).
package struct OID: RawRepresentable, Sendable, Hashable, Comparable {
  package let rawValue: UInt32
  @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable package init(_ rawValue: UInt32) { self.rawValue = rawValue }
  package static func < (a: OID, b: OID) -> Bool { a.rawValue < b.rawValue }

  /// Lets the server infer a parameter's type from the statement.
  package static let unspecified = OID(0)

  package static let bool = OID(16)
  package static let bytea = OID(17)
  package static let char = OID(18)
  package static let name = OID(19)
  package static let int8 = OID(20)
  package static let int2 = OID(21)
  package static let int4 = OID(23)
  package static let text = OID(25)
  package static let oid = OID(26)
  package static let json = OID(114)
  package static let xml = OID(142)
  package static let float4 = OID(700)
  package static let float8 = OID(701)
  package static let unknown = OID(705)
  package static let bpchar = OID(1042)
  package static let varchar = OID(1043)
  package static let date = OID(1082)
  package static let time = OID(1083)
  package static let timestamp = OID(1114)
  package static let timestamptz = OID(1184)
  package static let interval = OID(1186)
  package static let numeric = OID(1700)
  package static let uuid = OID(2950)
  package static let pgLSN = OID(3220)
  package static let jsonb = OID(3802)

  package static let boolArray = OID(1000)
  package static let byteaArray = OID(1001)
  package static let nameArray = OID(1003)
  package static let int2Array = OID(1005)
  package static let int4Array = OID(1007)
  package static let textArray = OID(1009)
  package static let bpcharArray = OID(1014)
  package static let varcharArray = OID(1015)
  package static let int8Array = OID(1016)
  package static let float4Array = OID(1021)
  package static let float8Array = OID(1022)
  package static let oidArray = OID(1028)
  package static let timestampArray = OID(1115)
  package static let dateArray = OID(1182)
  package static let timeArray = OID(1183)
  package static let timestamptzArray = OID(1185)
  package static let numericArray = OID(1231)
  package static let jsonArray = OID(199)
  package static let uuidArray = OID(2951)
  package static let jsonbArray = OID(3807)

  /// The built-in array type over this element type; nil for types that are not listed here (ask `pg_type.typarray`).
  package var array: OID? { Self.arrays[self] }

  private static let arrays: [OID: OID] = [
    .bool: .boolArray, .bytea: .byteaArray, .name: .nameArray, .int2: .int2Array, .int4: .int4Array,
    .text: .textArray, .bpchar: .bpcharArray, .varchar: .varcharArray, .int8: .int8Array, .float4: .float4Array,
    .float8: .float8Array, .oid: .oidArray, .timestamp: .timestampArray, .date: .dateArray, .time: .timeArray,
    .timestamptz: .timestamptzArray, .numeric: .numericArray, .json: .jsonArray, .uuid: .uuidArray,
    .jsonb: .jsonbArray,
  ]

  /// Values whose binary form is their text. Types that users or extensions make (citext, enumerations, domains
  /// come as their base type) are taken as such too: the reader checks that the bytes are UTF-8.
  package var sendsText: Bool {
    switch self {
    case .text, .varchar, .bpchar, .name, .char, .json, .xml, .unknown: true
    default: rawValue >= 16_384
    }
  }
}
