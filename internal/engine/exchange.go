package engine

import "time"

// Exchange is one request and what came of it.
type Exchange struct {
	Sent    time.Time // when the head of the request was written, so that the server could know of it; zero: it was not
	Ended   time.Time // when the answer was complete, or the exchange failed
	Bytes   int64     // how many bytes of the answer were read, head and content
	Status  int       // 0: none was read
	Content []byte    // the first Config.Keep bytes of the answer's content; valid until the next exchange
	Pod     string    // the pod that an answer on this connection has named; empty: none has
	End     End       // how the connection ended with this exchange; Open: it did not

	Failure
	Retryable bool // it failed, and a client may send it again without asking its user
}

// End is how a connection ended.
type End string

// The ends.
const (
	Open      End = ""          // it can be used for another exchange, or the client closes it
	Announced End = "announced" // the server announced it: Connection: close, HTTP/1.0
	FIN       End = "fin"       // the server closed it between requests, unannounced
	Broken    End = "broken"    // it failed with an exchange, or by a reset while idle
)

// Failure is where and how an exchange failed. The zero Failure is a success.
type Failure struct {
	Phase  Phase
	Cause  Cause
	Detail string // the error of the socket, without addresses
}

// Phase is the part of an exchange in which it failed.
type Phase string

// The phases, in their order.
const (
	Dial      Phase = "dial"      // until the connection is made
	Handshake Phase = "handshake" // until the first request can be sent
	Send      Phase = "send"      // until the last byte of the request is written
	Wait      Phase = "wait"      // until the first byte of the answer
	Receive   Phase = "receive"   // until the answer is complete
)

// Cause is how an exchange failed. The empty cause is a success.
type Cause string

// The causes.
const (
	Refused     Cause = "refused"      // no listener
	Unreachable Cause = "unreachable"  // no route, or an ICMP error
	DialTimeout Cause = "dial-timeout" // no answer to the SYN
	Reset       Cause = "reset"        // RST or EPIPE after the connection was made
	EOF         Cause = "eof"          // closed with no byte of the answer
	Truncated   Cause = "truncated"    // closed in the middle of the answer
	Timeout     Cause = "timeout"      // connected, but no answer in time, or not all of it
	Status5xx   Cause = "status-5xx"   // an answer with status 500 to 599
	Malformed   Cause = "malformed"    // an answer that is not of the protocol
)

// Causes lists them all.
var Causes = []Cause{Refused, Unreachable, DialTimeout, Reset, EOF, Truncated, Timeout, Status5xx, Malformed}
