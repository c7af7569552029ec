// Package control runs the control target: a server that never terminates,
// dialled from where the clients of a trial are. A failure there is caused by the machine
// or the network, and not by the server under trial.
package control

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Role is the argument with which the tool runs itself as the control target:
// a server on :8080, or :PORT, that never terminates.
const Role = "control-target"

// Target is a control target in a process and, where there are any, in
// namespaces of its own.
type Target struct{ process *sandbox.Process }

// Port is where it listens, unless PORT is set.
const Port = 8080

// Start returns when the target accepts connections. Close has to be called.
func Start(ctx context.Context) (*Target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := sandbox.Start(sandbox.Config{
		Path: self, Args: []string{Role}, Env: os.Environ(), Hostname: "control",
		IP: netip.AddrFrom4([4]byte{10, 244, 255, 1}), Isolated: sandbox.Available() == nil,
	})
	if err != nil {
		return nil, err
	}
	t := &Target{p}
	if err := t.untilListening(ctx); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close ends the process and whatever it holds.
func (t *Target) Close() error { return t.process.Close() }

func (t *Target) untilListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, _, err := t.dial(ctx)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func (t *Target) dial(ctx context.Context) (net.Conn, string, error) {
	conn, err := t.process.Dial(ctx, Port)
	return conn, "", err
}

// Beside sends the traffic at the pods, and that at the target which goes with
// it, until stop is called or ctx ends.
func (t *Target) Beside(ctx context.Context, spec traffic.Spec, pods traffic.Env) (stop func() error) {
	loads := []*traffic.Load{traffic.Start(ctx, spec, pods), Load(ctx, spec, pods, t.dial)}
	return func() error {
		for _, l := range loads {
			l.Stop()
		}
		return nil
	}
}

// Load starts a tenth of the traffic at the pods: enough to see that the machine itself is
// late, and too little to make it so. Its attempts have the time-outs of those at the pods,
// so that the two can be compared.
func Load(ctx context.Context, spec traffic.Spec, pods traffic.Env, dial traffic.Dialer) *traffic.Load {
	return traffic.Start(ctx, traffic.Spec{
		Load:   timeline.Load{Patterns: []string{"new", "keepalive"}, Rate: max(1, cmp.Or(spec.Rate, traffic.DefaultRate)/10)},
		Limits: spec.Limits,
	}, traffic.Env{Dial: []traffic.Dialer{dial}, Control: true, Clock: pods.Clock, Record: pods.Record})
}

// Serve is the control target. It returns only if it cannot listen.
func Serve() error {
	l, err := net.Listen("tcp", ":"+cmp.Or(os.Getenv("PORT"), strconv.Itoa(Port)))
	if err != nil {
		return err
	}
	var s Server
	return s.Serve(l)
}
