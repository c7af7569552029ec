package trial

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// ControlRole is the argument with which the tool runs itself as the control
// target: a server on :8080, or :PORT, that never terminates.
const ControlRole = "control-target"

// control is the control target. It is dialled as the pods are, so what
// fails here is the machine's doing.
type control struct{ *sandbox.Process }

const controlPort = 8080

func startControl(ctx context.Context) (*control, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := sandbox.Start(sandbox.Config{
		Path: self, Args: []string{ControlRole}, Env: os.Environ(), Hostname: "control",
		IP: netip.AddrFrom4([4]byte{10, 244, 255, 1}), Isolated: sandbox.Available() == nil,
	})
	if err != nil {
		return nil, err
	}
	c := &control{p}
	if err := c.untilListening(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *control) untilListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, _, err := c.dial(ctx)
		if err == nil {
			return conn.Close()
		}
		if sleep(ctx, 5*time.Millisecond) != nil {
			return err
		}
	}
}

func (c *control) dial(ctx context.Context) (net.Conn, string, error) {
	conn, err := c.Dial(ctx, controlPort)
	return conn, "", err
}

// load is a tenth of the traffic at the pods: enough to see a machine that
// fails by itself, too little to make it.
func (c *control) load(cfg Config, rec *recorder) traffic.Config {
	patterns, _ := traffic.ParsePatterns("new,keepalive")
	return traffic.Config{
		Patterns: patterns, Rate: max(1, cfg.Rate/10), Control: true,
		Dial: []traffic.Dialer{c.dial}, Clock: rec.clock, Record: rec.attempt,
	}
}

// ServeControl is the control target. It returns only if it cannot listen.
func ServeControl() error {
	l, err := net.Listen("tcp", ":"+cmp.Or(os.Getenv("PORT"), strconv.Itoa(controlPort)))
	if err != nil {
		return err
	}
	var s traffic.ControlServer
	return s.Serve(l)
}
