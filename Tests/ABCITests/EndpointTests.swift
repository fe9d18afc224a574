import ABCI
import Testing

@Suite struct EndpointTests {
  @Test func readsWhatCometBFTReads() throws {
    #expect(try ABCIEndpoint("tcp://127.0.0.1:26658") == .tcp(host: "127.0.0.1", port: 26658))
    #expect(try ABCIEndpoint("tcp://[::1]:0") == .tcp(host: "::1", port: 0))
    #expect(try ABCIEndpoint("unix:///run/app.sock") == .unix(path: "/run/app.sock"))
    #expect("\(try ABCIEndpoint("tcp://[::1]:1"))" == "tcp://[::1]:1")
    #expect(try ABCIEndpoint("tcp://10.0.0.1:1").isLocal == false)
  }

  @Test(arguments: [
    "", "127.0.0.1:1", "tcp://127.0.0.1", "tcp://:1", "tcp://h:65536", "unix://", "http://h:1",
  ])
  func refusesTheRest(_ text: String) {
    #expect(throws: ABCIEndpoint.Malformed.self) { try ABCIEndpoint(text) }
  }
}
