import Model

/// A group that the journal holds whole, with its parts in order.
package struct JournalGroup: Sendable, Hashable {
  package let number: GroupNumber
  package let parts: [BatchName]

  package init(number: GroupNumber, parts: [BatchName]) {
    self.number = number
    self.parts = parts
  }
}
