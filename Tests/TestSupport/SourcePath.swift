/// Where the files are that tests need and no target holds.
package enum SourcePath {
  /// A file of Tests/Support.
  package static func support(_ name: String) -> String {
    #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Support/\(name)"
  }
}
