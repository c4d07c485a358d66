import Journal
import Model
import Testing

@Test func `reads the name that it writes, and no other`() {
  let name = BatchName(group: GroupNumber(12), part: 3)
  #expect(name.description == "0000000000000000012-000003.batch")
  #expect(BatchName(name.description) == name)
  #expect(BatchName("9223372036854775807-999999.batch")?.group == GroupNumber(.max))
  for other in [
    "", "batch", "0000000000000000000-000000.batch", "9999999999999999999-000000.batch", "12-3.batch",
    "+000000000000000012-000003.batch", "0000000000000000012-000003.batch.tmp", "0000000000000000012-000003.BATCH",
    "0000000000000000012_000003.batch", "٠٠00000000000000012-000003.batch",
  ] {
    #expect(BatchName(other) == nil, "\(other)")
  }
}
