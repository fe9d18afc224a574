import HTTPTypes
import Locks
import Logging
import Primitives
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

/// Writers that all saw the same state and write at once, through the whole gateway: S3, engine,
/// log, index.
@Suite("Races of conditional writes") struct ConditionRaceTests {
  /// How a writer brings its bytes to the key.
  enum Way: CaseIterable, Sendable { case put, copy, complete }

  /// One request of a race.
  private struct Write: Sendable {
    let value: String
    let method: HTTPRequest.Method
    var target = "/bucket/o"
    var body: [UInt8] = []
    var headers: [(String, String)] = []
  }

  /// A server over a real engine whose writers meet.
  private struct Bench {
    let directory: TemporaryDirectory
    let harness: S3Harness
    let meeting: MeetingEngine

    init(keepsConditions: Bool = true) async throws {
      directory = try TemporaryDirectory("race")
      let path = directory.file("segments.sqlite")
      let made = Locked<MeetingEngine?>(nil)
      harness = try await S3Harness { index in
        let providers = MemoryProviders(count: 4)
        let engine = StorageEngine(
          StorageEngine.Configuration(
            network: TableNetwork(eligible: providers.ids), transport: providers,
            catalog: try SegmentCatalog(path: path), index: index, identity: S3Harness.seed,
            logger: Logger(label: "test")))
        try await engine.start()
        let meeting = MeetingEngine(engine, keepsConditions: keepsConditions)
        made.withLock { $0 = meeting }
        return meeting
      }
      meeting = try #require(made.withLock { $0 })
    }
  }

  /// As many as a client has connections.
  private static let writers = 8

  private static func prepare(
    _ way: Way, _ value: String, _ client: S3Client
  ) async throws -> Write {
    let body = Array(value.utf8)
    switch way {
    case .put: return Write(value: value, method: .put, body: body)
    case .copy:
      try await client.send(.put, "/bucket/\(value)", body: body)
      return Write(
        value: value, method: .put, headers: [("x-amz-copy-source", "/bucket/\(value)")])
    case .complete:
      let begun = try await client.send(.post, "/bucket/o?uploads")
      let id = try #require(begun.element("UploadId"))
      let part = try await client.send(
        .put, "/bucket/o?partNumber=1&uploadId=\(id)", body: body)
      return Write(
        value: value, method: .post, target: "/bucket/o?uploadId=\(id)",
        body: S3MultipartTests.completion([(1, part.header("etag") ?? "")]))
    }
  }

  /// All at once, each by its way.
  /// - Returns: what each saw, and the statuses.
  private static func race(
    _ ways: [Way], round: String, condition: (String, String), _ client: S3Client,
    _ meeting: MeetingEngine
  ) async throws -> (history: [RegisterOperation], statuses: [HTTPResponse.Status]) {
    var writes: [Write] = []
    for writer in 0..<writers {
      writes.append(try await prepare(ways[writer % ways.count], "\(round)\(writer)", client))
    }
    meeting.arm(writers)
    let clock = RaceClock()
    return try await withThrowingTaskGroup(
      of: (RegisterOperation, HTTPResponse.Status).self
    ) { group in
      for write in writes {
        group.addTask {
          let invoked = clock.tick()
          let answer = try await client.send(
            write.method, write.target, body: write.body, headers: write.headers + [condition])
          let kind: RegisterOperation.Kind = answer.status == .ok ? .create : .refusedCreate
          return (RegisterOperation(kind, write.value, invoked, clock.tick()), answer.status)
        }
      }
      var history: [RegisterOperation] = []
      var statuses: [HTTPResponse.Status] = []
      for try await (operation, status) in group {
        history.append(operation)
        statuses.append(status)
      }
      let invoked = clock.tick()
      let read = try await client.send(.get, "/bucket/o").text
      return (history + [RegisterOperation(.read, read, invoked, clock.tick())], statuses)
    }
  }

  @Test(
    "of many that want to be the first exactly one is, and of many that replace one state too",
    .timeLimit(.minutes(2)), arguments: [[.put], [.copy], [.complete], Way.allCases])
  func oneWins(ways: [Way]) async throws {
    let bench = try await Bench()
    try await bench.harness.run(isConcurrent: true) { client in
      try await client.send(.put, "/bucket")
      let first = try await Self.race(
        ways, round: "a", condition: ("if-none-match", "*"), client, bench.meeting)
      #expect(first.statuses.count { $0 == .ok } == 1, "\(first.statuses)")
      #expect(first.statuses.count { $0 == .preconditionFailed } == Self.writers - 1)
      #expect(LinearizabilityChecker.isLinearizable(first.history), "\(first.history)")
      // Nobody who lost replaced anything later: each entity tag is another's.
      for round in ["b", "c"] {
        let etag = try await client.send(.head, "/bucket/o").header("etag") ?? ""
        let next = try await Self.race(
          ways, round: round, condition: ("if-match", etag), client, bench.meeting)
        #expect(next.statuses.count { $0 == .ok } == 1, "\(next.statuses)")
        #expect(next.statuses.count { $0 == .preconditionFailed } == Self.writers - 1)
        let winner = next.history.first { $0.kind == .create }?.value
        #expect(next.history.last?.value == winner)
      }
    }
  }

  @Test(
    "evaluated before the publishing transaction conditions let several win, as the history shows",
    .timeLimit(.minutes(2)), arguments: [[.put], [.copy], [.complete], Way.allCases])
  func outsideTheTransaction(ways: [Way]) async throws {
    let bench = try await Bench(keepsConditions: false)
    try await bench.harness.run(isConcurrent: true) { client in
      try await client.send(.put, "/bucket")
      let race = try await Self.race(
        ways, round: "a", condition: ("if-none-match", "*"), client, bench.meeting)
      #expect(race.statuses.count { $0 == .ok } > 1, "\(race.statuses)")
      #expect(!LinearizabilityChecker.isLinearizable(race.history), "\(race.history)")
    }
  }

  @Test("of a deletion and writers that expect the same state one has its way")
  func deletion() async throws {
    let bench = try await Bench()
    try await bench.harness.run(isConcurrent: true) { client in
      try await client.send(.put, "/bucket")
      for round in 0..<4 {
        try await client.send(.put, "/bucket/o", body: Array("old\(round)".utf8))
        let etag = try await client.send(.head, "/bucket/o").header("etag") ?? ""
        bench.meeting.arm(2)
        async let deleted = client.send(.delete, "/bucket/o", headers: [("if-match", etag)])
        async let put = client.send(
          .put, "/bucket/o", body: Array("new\(round)".utf8), headers: [("if-match", etag)])
        let (deletion, write) = try await (deleted, put)
        let left = try await client.send(.get, "/bucket/o")
        if write.status == .ok {
          #expect(deletion.status == .preconditionFailed && left.text == "new\(round)")
        } else {
          // What is not there any more has no entity tag to be compared.
          #expect(write.status == .notFound && deletion.status == .noContent)
          #expect(left.status == .notFound)
        }
      }
    }
  }
}

/// Numbers for what happens in a race, in its order.
private final class RaceClock: Sendable {
  private let time = Locked<UInt64>(0)
  func tick() -> UInt64 {
    time.withLock { time in
      time += 1
      return time
    }
  }
}
