package timeline

import "time"

// End is how the connection of an attempt ended after it.
type End string

const (
	Open      End = ""          // still open, or closed by the client
	Announced End = "announced" // the server announced it: Connection: close, HTTP/1.0
	FIN       End = "fin"       // the server closed it between requests, unannounced
	Broken    End = "broken"    // it failed with this attempt, or by a reset while idle
)

// Retry is the result of a second try of a drop that a client may safely retry:
// an idempotent request on a reused connection that saw no byte of a response
// (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1). The attempt stays a drop;
// the retry shows whether such a client would have seen it.
type Retry string

const (
	NoRetry     Retry = ""       // it may not be retried
	RetryOK     Retry = "ok"     // a second try on a new connection succeeded
	RetryFailed Retry = "failed" // it failed as well
)

// By is how the pod of an attempt is known.
type By string

// Where clients cannot know their pod, package attribute infers it.
const (
	Observed By = ""           // the stage chose it, or the server sent its name
	Inferred By = "exclusion"  // no other pod was possible
	Probable By = "likelihood" // others were possible; all pods of a workload run the same program
)

// Attempt is one try of one client: one flat record.
type Attempt struct {
	Pattern   string `json:"pattern"`           // new, keepalive, slow
	Control   bool   `json:"control,omitempty"` // against the server that never terminates
	TLS       bool   `json:"tls,omitempty"`     // the client uses TLS
	Scheduled Moment `json:"scheduled"`         // when it was due; latency counts from here
	Started   Moment `json:"started"`           // when the client began (to dial, or to write), or Never
	Sent      Moment `json:"sent"`              // when the head of the request was written, so that the server could know of it, or Never
	Ended     Moment `json:"ended"`             // when the answer was complete, or it failed
	Conn      uint64 `json:"conn"`              // number of the connection, unique in the run; 0 if none was made
	Stream    uint64 `json:"stream,omitempty"`  // number of the stream on the connection (HTTP/2, gRPC); 0 where there are none
	Reused    bool   `json:"reused,omitempty"`  // the connection had carried a request before
	Node      string `json:"node,omitempty"`    // the node whose view chose the endpoint
	Addr      string `json:"addr,omitempty"`    // IP and port that the client connected to, or tried to: a pod's or a Service's; empty if none is known
	Pod       string `json:"pod,omitempty"`     // the pod it was sent to; empty if there was no endpoint
	PodBy     By     `json:"pod_by,omitempty"`  // how the pod is known
	Bytes     int64  `json:"bytes"`             // bytes of the answer seen, head and body
	Status    int    `json:"status,omitempty"`  // HTTP status, 0 if none was read
	Phase     Phase  `json:"phase,omitempty"`   // where it failed; empty: it did not, or it never started
	Class     Class  `json:"class,omitempty"`   // how it failed, the same words for every protocol; empty: it did not
	Cause     Cause  `json:"cause,omitempty"`   // how it failed, in the protocol's own words; empty: it did not
	Detail    string `json:"detail,omitempty"`  // the error of the socket
	Retry     Retry  `json:"retry,omitempty"`   // of a drop on a reused connection
	End       End    `json:"end,omitempty"`     // how the connection ended after it
	EndedConn Moment `json:"conn_ended"`        // when that was noticed; Never while End is Open
	// Void: it failed, and a lateness of the tool itself may be the reason, so that
	// the failure is no evidence. It is concluded, and not in the file of a run.
	Void bool `json:"-"`
}

// Failed reports whether the attempt failed, for whatever reason.
func (a *Attempt) Failed() bool { return a.Cause != "" }

// Dropped reports whether the attempt failed, and not because of the tool.
func (a *Attempt) Dropped() bool { return a.Failed() && !a.Void }

// Latency counts from the moment the attempt was due, so that waiting for a
// stalled server or client is not hidden.
func (a *Attempt) Latency() time.Duration { return a.Ended - a.Scheduled }
