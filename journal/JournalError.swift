import Glibc
import Model

/// What went wrong with the journal: the file, the place, and (as a `Failure`) what to do about it. Never holds row values.
package enum JournalError: Error, Sendable, Equatable {
  /// Bytes that are not a batch. For flaws of entries the offset counts in the payload before compression.
  case invalid(file: String, flaw: BatchFlaw, offset: Int)
  /// A system call failed.
  case system(operation: String, path: String, code: Int32)
  /// A file's header states another group or part than its name.
  case misnamed(file: String, header: BatchName)
  /// A file belongs to another source.
  case foreignSource(file: String, found: RandomID, expected: RandomID)
  /// A file that must be there is not.
  case missing(file: String)
  /// A batch to append does not follow the one before it.
  case notNext(file: String, reason: String)
  /// A table that the format cannot carry.
  case table(name: String, reason: String)
  /// A payload over the limit of the format.
  case tooLarge(file: String, bytes: Int)
  /// Memory for a payload was not to be had.
  case memory(file: String, bytes: Int)

  /// The error as the command line reports it.
  package var failure: Failure {
    switch self {
    case .invalid(let file, let flaw, let offset):
      return Failure(
        .badData, "\(file) is not a whole batch: it \(flaw.message) (\(flaw.rawValue) at byte \(offset))",
        remedy: flaw == .version
          ? "use the changeover that wrote it" : Self.mending)
    case .system(let operation, let path, let code):
      let reason = String(cString: strerror(code))
      return Failure(
        code == EIO ? .badData : .configuration, "cannot \(operation) \(path): \(reason)",
        remedy: Self.remedy(for: code))
    case .misnamed(let file, let header):
      return Failure(
        .badData, "\(file) holds group \(header.group) part \(header.part)",
        remedy: "name it \(header) or take it away")
    case .foreignSource(let file, let found, let expected):
      return Failure(
        .badData, "\(file) belongs to source \(found), not to \(expected)",
        remedy: "use the state directory of this source")
    case .missing(let file):
      return Failure(.badData, "\(file) is missing from the journal", remedy: Self.mending)
    case .notNext(let file, let reason):
      return Failure(
        .internalError, "cannot append \(file) to the journal: \(reason)", remedy: "restart sync, which resumes")
    case .table(let name, let reason):
      return Failure(
        .internalError, "cannot journal table \(name): its declaration \(reason)", remedy: "report this as a bug")
    case .tooLarge(let file, let bytes):
      return Failure(
        .internalError, "cannot write \(file): \(bytes) bytes are over the limit of \(BatchLimits.rawLength)",
        remedy: "report this as a bug")
    case .memory(let file, let bytes):
      return Failure(.tryAgain, "no memory for the \(bytes) bytes of \(file)", remedy: "free memory and try again")
    }
  }

  private static let mending =
    "start changeover sync again, which reads the source anew where that still has the changes; or restore the file from a copy"

  /// What to do about an error number.
  private static func remedy(for code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "free space there, or move the state directory with --state"
    case EACCES, EPERM: "run as the account that owns the state directory, or give it access"
    case EROFS: "mount the file system writable, or choose another state directory with --state"
    case ENOENT, ENOTDIR: "check --state"
    case EMFILE, ENFILE: "raise the limit of open files"
    case EIO: "the disk reports errors: check it before going on"
    case EEXIST: "another changeover writes to this journal: stop one of them"
    default: "check the state directory"
    }
  }
}
