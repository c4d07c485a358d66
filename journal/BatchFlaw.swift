/// Why bytes are not a batch. The raw values are the reasons that FORMAT.md names and the invalid vectors expect.
package enum BatchFlaw: String, Error, Sendable, CaseIterable {
  // The header and the file around it, in the order in which a reader checks them.
  case truncatedHeader = "truncated_header"
  case magic
  case version
  case headerLength = "header_length"
  case headerChecksum = "header_checksum"
  case direction
  case flags
  case reserved
  case number
  case sequence
  case length
  case fileLength = "file_length"
  case payloadChecksum = "payload_checksum"
  case rawLength = "raw_length"
  case compression

  // The payload, wherever a reader meets them first.
  case entryCount = "entry_count"
  case kind
  case truncatedEntry = "truncated_entry"
  case varint
  case tableID = "table_id"
  case duplicateTable = "duplicate_table"
  case undeclaredTable = "undeclared_table"
  case name
  case columnCount = "column_count"
  case keyCount = "key_count"
  case keyPosition = "key_position"
  case tag
  case replacement
  case schemaChange = "schema_change"

  /// What is wrong, as the end of the sentence "… is not a whole batch: it …".
  package var message: String {
    switch self {
    case .truncatedHeader: "ends inside its header"
    case .magic: "does not begin as a batch file"
    case .version: "is of a version that this changeover does not read"
    case .headerLength: "states an unknown header length"
    case .headerChecksum: "has a header that does not match its checksum"
    case .direction: "states an unknown direction"
    case .flags: "carries unknown flags"
    case .reserved: "has a reserved field that is not zero"
    case .number: "states a group or part out of range"
    case .sequence: "states sequences that are negative or run backwards"
    case .length: "states lengths or counts that cannot be"
    case .fileLength: "is not as long as its header says"
    case .payloadChecksum: "has a payload that does not match its checksum"
    case .rawLength: "inflates to another length than its header says"
    case .compression: "holds no whole zlib stream"
    case .entryCount: "holds more or fewer entries than its header says"
    case .kind: "holds an entry of unknown kind"
    case .truncatedEntry: "ends inside an entry"
    case .varint: "holds a number that is too long or not in its shortest form"
    case .tableID: "holds a table number out of range"
    case .duplicateTable: "declares a table twice"
    case .undeclaredTable: "holds a row of a table that it does not declare"
    case .name: "holds a name that is not UTF-8"
    case .columnCount: "declares a table with too few or too many columns"
    case .keyCount: "declares a key with too few or too many columns"
    case .keyPosition: "declares a key column that does not exist or is named twice"
    case .tag: "holds a value of unknown class"
    case .schemaChange: "changes the schema elsewhere than where its header says, at the beginning of a group"
    case .replacement: "replaces a table elsewhere than right after its declaration"
    }
  }

  /// Whether a write that never reached the disk whole can look like this; a version or a layout cannot.
  var canBeTorn: Bool {
    switch self {
    case .truncatedHeader, .magic, .headerChecksum, .fileLength, .payloadChecksum: true
    default: false
    }
  }
}
