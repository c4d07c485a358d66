import Model

/// The fixed header of a batch file. The fields from `entryCount` on are found by encoding; until then they are zero.
package struct BatchHeader: Sendable, Equatable {
  /// The store whose writes the batch carries.
  package var direction: Direction
  /// More parts of this group follow.
  package var moreFollows: Bool
  /// A key may appear again later in the group, and then the later entry holds.
  package var keysMayRepeat: Bool
  /// The first entry says how the schema changed; only in part 0.
  package var changesSchema: Bool
  /// The source that all batches of a journal belong to.
  package var source: RandomID
  package var group: GroupNumber
  /// The place within the group, from 0.
  package var part: UInt32
  /// The last change before this group.
  package var after: ChangeNumber
  /// The last change of the group, as far as the capture had come when it wrote this part.
  package var last: ChangeNumber
  /// The nonce of the change `last`.
  package var nonce: Int64
  /// When the capture took the state that the batch holds.
  package var capturedAt: Instant
  /// When the capture last looked and found nothing newer than `after`: no change of the group is older.
  package var previousLookAt: Instant
  /// Tells two schemas of the authority apart.
  package var schemaFingerprint: UInt64

  /// Entries of the payload, declarations of tables included.
  package var entryCount: UInt32 = 0
  /// Bytes of the payload before compression.
  package var rawLength = 0
  /// Bytes of the payload in the file.
  package var compressedLength = 0
  /// `headerChecksum` of the batch file written before this one; 0 for the first of a journal.
  package var previousChecksum: UInt32 = 0
  /// CRC-32 of the payload in the file.
  package var payloadChecksum: UInt32 = 0
  /// CRC-32 of the header before it; through it also of the payload and of every file before.
  package var headerChecksum: UInt32 = 0

  package init(
    direction: Direction, moreFollows: Bool = false, keysMayRepeat: Bool = false, changesSchema: Bool = false,
    source: RandomID, group: GroupNumber, part: UInt32 = 0, after: ChangeNumber, last: ChangeNumber, nonce: Int64,
    capturedAt: Instant, previousLookAt: Instant, schemaFingerprint: UInt64
  ) {
    self.direction = direction
    self.moreFollows = moreFollows
    self.keysMayRepeat = keysMayRepeat
    self.changesSchema = changesSchema
    self.source = source
    self.group = group
    self.part = part
    self.after = after
    self.last = last
    self.nonce = nonce
    self.capturedAt = capturedAt
    self.previousLookAt = previousLookAt
    self.schemaFingerprint = schemaFingerprint
  }

  /// The name of the file that holds the batch.
  package var name: BatchName { BatchName(group: group, part: part) }

  /// Where the journal stands after this batch, if it is the last of its group.
  package var position: Position { Position(group: group, sequence: last, nonce: nonce) }
}
