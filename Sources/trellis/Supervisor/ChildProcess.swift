import Foundation

/// Starts and ends processes of the network.
enum ChildProcess {
  /// The absolute path of this executable.
  static var ownExecutable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  }

  /// Starts this executable with other arguments, in a process group of its own so that Ctrl-C in
  /// the terminal reaches `up` alone, which then stops the others in order. No descriptor of
  /// ours is inherited; output is appended to `logPath`.
  /// - Throws: ``UserError``.
  static func start(_ arguments: [String], logPath: String) throws -> pid_t {
    closeOnExec()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let executable = ownExecutable
    var argumentPointers = ([executable] + arguments).map { strdup($0) }
    defer { for pointer in argumentPointers { free(pointer) } }
    argumentPointers.append(nil)
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &actions, &attributes, argumentPointers, environ)
    guard code == 0 else {
      throw UserError("cannot start \(executable): \(String(cString: strerror(code)))")
    }
    return pid
  }

  /// Marks every descriptor but the standard ones as not to be inherited.
  private static func closeOnExec() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  /// Asks a process to end, waits, and kills it when it does not. `isGone` tells when it has gone.
  static func stop(_ pid: pid_t, patienceSeconds: Double, isGone: () -> Bool) async {
    kill(pid, SIGTERM)
    let deadline = ContinuousClock.now.advanced(by: .milliseconds(Int(patienceSeconds * 1000)))
    while !isGone() {
      if ContinuousClock.now >= deadline {
        kill(pid, SIGKILL)
        try? await Task.sleep(for: .milliseconds(200))
        return
      }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Collects children that have ended; returns how each did.
  static func reap() -> [pid_t: String] {
    var ended: [pid_t: String] = [:]
    while true {
      var status: Int32 = 0
      let pid = waitpid(-1, &status, WNOHANG)
      if pid <= 0 { return ended }
      let signal = status & 0x7f
      ended[pid] =
        signal == 0 ? "ended with status \((status >> 8) & 0xff)" : "was killed by signal \(signal)"
    }
  }
}
