/// What a link server allows. Every bound is per connection unless it says otherwise.
package struct LinkServerLimits: Sendable, Hashable {
  /// Connections at once, from all peers; more are closed before the handshake.
  package var connections = 512
  /// Requests read and not yet answered in full; beyond it nothing more is read from the socket.
  package var callsInFlight = 16
  /// Bytes of those requests and their answers; beyond it nothing more is read.
  package var bytesInFlight = 32 << 20
  /// Requests in hand over all connections, those of broken ones included; beyond it requests are
  /// refused with `busy`.
  package var callsInFlightInTotal = 1024
  /// How long the TLS handshake may take, in seconds.
  package var handshakeSeconds = 10.0
  /// How long a begun frame may take to arrive and an answer to be taken, in seconds.
  package var slowPeerSeconds = 60.0
  /// How long a connection without calls is kept, in seconds.
  package var idleSeconds = 300.0
  /// How long ``LinkServer/shutdown()`` waits for calls in hand before it cancels them, in seconds.
  package var shutdownSeconds = 5.0

  package init() {}
}

/// What a link client allows itself.
package struct LinkClientLimits: Sendable, Hashable {
  /// Calls sent and not answered; further ones wait in order.
  package var callsInFlight = 16
  /// How long connecting, and then the TLS handshake, may take, in seconds each.
  package var connectSeconds = 3.0
  /// How long a begun frame may take to arrive and a request to be taken, in seconds.
  package var slowPeerSeconds = 60.0
  /// How long a connection without calls is kept, in seconds.
  package var idleSeconds = 240.0
  /// The first pause after a failed connection, in seconds; it doubles with each further failure.
  package var firstBackoffSeconds = 0.1
  /// The longest pause, in seconds. Each is shortened by a random part of up to a half, so that
  /// clients of a node that returns do not come all at once.
  package var longestBackoffSeconds = 5.0

  package init() {}
}
