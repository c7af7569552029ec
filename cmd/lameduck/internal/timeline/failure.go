package timeline

// Cause is how an attempt failed. The empty cause is a success.
type Cause string

// The causes. A FIN between requests, "Connection: close" and a GOAWAY above
// the stream are announced, and no causes.
const (
	Refused     Cause = "refused"      // no listener, or the Service has no endpoint
	Unreachable Cause = "unreachable"  // no route, or an ICMP error
	DialTimeout Cause = "dial-timeout" // no answer to the SYN
	Reset       Cause = "reset"        // RST or EPIPE after the connection was made
	EOF         Cause = "eof"          // closed with no byte of the answer
	Truncated   Cause = "truncated"    // closed in the middle of the answer
	Timeout     Cause = "timeout"      // connected, and no (complete) answer in time
	Status5xx   Cause = "status-5xx"   // a response with status 500 to 599
	Malformed   Cause = "malformed"    // an answer that is not HTTP, or not the TLS handshake that was expected
)

// Causes lists them all, in the order reports use.
var Causes = []Cause{Refused, Unreachable, DialTimeout, Reset, EOF, Truncated, Timeout, Status5xx, Malformed}

// Phase is the part of an attempt in which it failed. The phases of one
// exchange follow one another in the order given here.
type Phase string

// The phases.
const (
	DialPhase      Phase = "dial"      // until the connection is made
	HandshakePhase Phase = "handshake" // of TLS, HTTP/2 or WebSocket, until the first request can be sent
	SendPhase      Phase = "send"      // until the last byte of the request is written
	WaitPhase      Phase = "wait"      // until the first byte of the answer
	ReceivePhase   Phase = "receive"   // until the answer is complete
	IdlePhase      Phase = "idle"      // no exchange was in progress: between requests, or on a quiet stream
	StreamPhase    Phase = "stream"    // of an answer without an end of its own: server-sent events, a WebSocket, a gRPC stream
)

// Class is how an attempt failed, in words that are the same for every
// protocol: rules read it, reports show the Cause. The empty class is a success.
type Class string

// The classes.
const (
	ClassRefused     Class = "refused"      // no connection was accepted: no listener, or no endpoint
	ClassUnreachable Class = "unreachable"  // the network has no way there, or the client could not use it
	ClassCut         Class = "cut"          // the connection or stream ended with no byte of the answer
	ClassTruncated   Class = "truncated"    // it ended in the middle of the answer
	ClassTimedOut    Class = "timed-out"    // nothing, or not all, came in time
	ClassRejected    Class = "rejected"     // the protocol refused it unprocessed: a stream above the one a GOAWAY names, for example
	ClassErrorAnswer Class = "error-answer" // a complete answer that is an error, or one that cannot be read
)

// classes is the class of each cause.
var classes = map[Cause]Class{
	Refused:     ClassRefused,
	Unreachable: ClassUnreachable,
	DialTimeout: ClassTimedOut,
	Reset:       ClassCut,
	EOF:         ClassCut,
	Truncated:   ClassTruncated,
	Timeout:     ClassTimedOut,
	Status5xx:   ClassErrorAnswer,
	Malformed:   ClassErrorAnswer,
}

// Class is that of the cause; empty for a success.
func (c Cause) Class() Class { return classes[c] }
