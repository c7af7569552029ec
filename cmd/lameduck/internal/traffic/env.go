package traffic

import (
	"context"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Env is what a load runs in: where its connections are made, and where its
// attempts are recorded. Dial, Clock and Record are needed.
type Env struct {
	Dial    []Dialer // one per node, used in turn
	Nodes   []string // their names, for Attempt.Node; may be nil
	Control bool     // marks every attempt as one at the control target
	Clock   timeline.Clock

	// Record takes every attempt once, when nothing in it can change any
	// more: on a connection that is kept, that is when the connection is used
	// again, or is seen to have ended, or at Stop. Calls of one Load never
	// overlap.
	Record func(timeline.Attempt)

	// Note takes a line for the user: something about the server that the user did
	// not ask for. It may be nil.
	Note func(string)

	takes time.Duration // in place of what each pattern takes by itself
}

// Dialer makes a new connection as a client of the Service would, and names
// the pod it was sent to. The pod may be set together with an error. A
// connection should have the SyscallConn of a *net.TCPConn: a kept connection is
// looked at before each request, which otherwise takes 1 ms. A Service without
// endpoints is an error that wraps syscall.ECONNREFUSED.
type Dialer func(ctx context.Context) (conn net.Conn, pod string, err error)
