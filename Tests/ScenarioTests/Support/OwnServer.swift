import Glibc
import TestSupport

/// A server of the test's own, which may be stopped and started without disturbing others.
final class OwnServer {
  let server: Server
  private let directory: String
  private let programs: String
  private let account: String?

  /// Where PostgreSQL's programs are.
  static var isPossible: Bool { Variables["CHANGEOVER_TEST_PGBIN"] != nil }

  /// - Parameter settings: lines of postgresql.conf.
  init(settings lines: [String] = []) throws {
    programs = Variables["CHANGEOVER_TEST_PGBIN"] ?? ""
    account = Variables["CHANGEOVER_TEST_PGACCOUNT"].flatMap { $0.isEmpty ? nil : $0 }
    var template = Array("/tmp/changeover-server.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Files.Failed(path: "/tmp", code: errno) }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Below the range of outgoing connections, so that nothing takes the port while the server is stopped.
    let port = Int.random(in: 12_000..<20_000)
    server = Server(host: "127.0.0.1", port: "\(port)", user: "postgres", programs: programs)
    if let account { _ = try Program.run(["chown", account, directory]) }
    try run(
      "initdb", "-D", data, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-A", "trust")
    let settings = """

      port = \(port)
      listen_addresses = '127.0.0.1'
      unix_socket_directories = ''
      shared_buffers = 16MB
      logging_collector = on
      log_directory = '\(directory)'
      log_filename = 'server.log'

      """
    try Files.write(
      Files.text(data + "/postgresql.conf") + settings + lines.joined(separator: "\n") + "\n",
      to: data + "/postgresql.conf")
    try start()
  }

  deinit {
    thaw()
    try? run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    Files.remove(directory)
  }

  func start() throws { try run("pg_ctl", "-D", data, "-w", "-l", directory + "/start.log", "start") }

  /// `fast` ends sessions in good order, `immediate` is a crash.
  func stop(_ mode: String = "fast") throws { try run("pg_ctl", "-D", data, "-w", "-m", mode, "stop") }

  /// Keeps a copy of the server's data as it is now, for `goBack`; the server crashes and recovers for it.
  func keep() throws -> String {
    let copy = "\(directory)/kept-\(Files.names(in: directory).count)"
    try stop("immediate")
    try copyFiles(data, to: copy)
    try start()
    return copy
  }

  /// The server crashes, and another one answers in its place, whose data are those kept.
  func goBack(to copy: String) throws {
    try stop("immediate")
    Files.remove(data)
    try copyFiles(copy, to: data)
    try start()
  }

  private func copyFiles(_ from: String, to path: String) throws {
    let result = try Program.run(["cp", "-a", from, path])
    guard result.status == 0 else { throw Program.Failed(what: "cp", result: result) }
  }

  /// Stops every process of the server by SIGSTOP: it answers nobody, and closes nothing.
  func freeze() throws {
    guard let postmaster = pid_t(Files.text(data + "/postmaster.pid").prefix { $0 != "\n" }) else { return }
    frozen = [postmaster]
    kill(postmaster, SIGSTOP)  // First, so that it starts no more of them.
    frozen += Files.text("/proc/\(postmaster)/task/\(postmaster)/children").split(separator: " ").compactMap {
      pid_t($0)
    }
    for process in frozen { kill(process, SIGSTOP) }
  }

  func thaw() {
    for process in frozen { kill(process, SIGCONT) }
    frozen = []
  }

  private var frozen: [pid_t] = []
  private var data: String { directory + "/data" }

  private func run(_ program: String, _ arguments: String...) throws {
    let prefix = account.map { ["runuser", "-u", $0, "--"] } ?? []
    let result = try Program.run(prefix + ["\(programs)/\(program)"] + arguments)
    guard result.status == 0 else { throw Program.Failed(what: program, result: result) }
  }
}
