/// This version of changeover, as `--version` prints it and files that it writes name it.
package enum Release {
  package static let version = "0.1.0"
}
