package traffic

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// The defaults of a Config.
const (
	DefaultRate        = 200              // attempts per second and pattern: an outage of 5 ms shows
	DefaultConnections = 8                // of keepalive
	DefaultUnderway    = 4096             // attempts per pattern
	DefaultDialTimeout = 5 * time.Second  // until connected
	DefaultTimeout     = 10 * time.Second // from the request sent to the whole answer
)

// Dialer makes a new connection as a client of the Service would, and names
// the pod it was sent to. The pod may be set together with an error. A
// connection should have the SyscallConn of a *net.TCPConn: keepalive looks at
// it before each request, and can otherwise only do so by waiting 1 ms. A
// Service without endpoints is an error that wraps syscall.ECONNREFUSED.
type Dialer func(ctx context.Context) (conn net.Conn, pod string, err error)

// Config is what to send where. Record and at least one Dialer are needed;
// any other field may be zero.
type Config struct {
	Patterns []Pattern // zero: Default()
	Rate     int       // attempts per second and pattern, slow a tenth of it; zero: DefaultRate
	Method   string    // zero: GET
	Path     string    // with the query, if any; zero: /
	Host     string    // the Host header; zero: localhost

	Dial  []Dialer // one per node, used in turn
	Nodes []string // their names, for Attempt.Node; may be nil
	// PodHeader is the response header field in which the server names its pod:
	// where clients cannot know which pod they got, as behind a Service's IP.
	// From the first response with the field on, every attempt on the connection is
	// of that pod, whatever the Dialer returned. Zero: the Dialer's result counts.
	PodHeader string

	Control bool // marks every attempt as one at the control target
	Clock   timeline.Clock

	// Record takes every attempt once, when nothing in it can change any
	// more: for keepalive that is when the connection is used again, or is
	// seen to have ended, or at Stop. Calls of one Load never overlap.
	Record func(timeline.Attempt)

	Connections int           // of keepalive, as long as they are fast enough; zero: DefaultConnections
	Underway    int           // most attempts of a pattern at one time; zero: DefaultUnderway
	DialTimeout time.Duration // zero: DefaultDialTimeout
	Timeout     time.Duration // zero: DefaultTimeout

	trickle time.Duration      // over which slow sends a request; zero: 2 s
	unacked func(net.Conn) int // how many bytes sent the server's kernel has not; nil: unconfirmed
}

func (c Config) withDefaults() Config {
	if len(c.Patterns) == 0 {
		c.Patterns = Default()
	}
	c.Rate = cmp.Or(c.Rate, DefaultRate)
	c.Method = cmp.Or(c.Method, "GET")
	c.Path = cmp.Or(c.Path, "/")
	c.Host = cmp.Or(c.Host, "localhost")
	c.PodHeader = strings.ToLower(c.PodHeader)
	c.Connections = cmp.Or(c.Connections, DefaultConnections)
	c.Underway = cmp.Or(c.Underway, DefaultUnderway)
	c.DialTimeout = cmp.Or(c.DialTimeout, DefaultDialTimeout)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.trickle = cmp.Or(c.trickle, 2*time.Second)
	if c.unacked == nil {
		c.unacked = unacked
	}
	return c
}

// Check returns an error with a hint for a wrong setting: a rate, method, path
// or host that cannot be sent as it is. Dial and Record need not be set yet.
func (c Config) Check() error {
	c = c.withDefaults()
	switch {
	case c.Rate < 1 || c.Rate > 100_000:
		return hint.New(fmt.Errorf("a rate of %d per second", c.Rate), "choose 1 to 100000 attempts per second and pattern")
	case strings.IndexFunc(c.Method, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not an HTTP method", c.Method), "use a method such as GET, HEAD or POST")
	case !strings.HasPrefix(c.Path, "/"):
		return hint.New(fmt.Errorf("the path %q does not begin with a slash", c.Path), "write it as /"+c.Path)
	case strings.IndexFunc(c.Path, notPrintable) >= 0:
		return hint.New(fmt.Errorf("the path %q has a character that must be encoded", c.Path), "write a space as %20, other characters likewise")
	case strings.IndexFunc(c.PodHeader, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not the name of a header", c.PodHeader), "name a response header, such as X-Pod")
	case strings.IndexFunc(c.Host, notPrintable) >= 0:
		return hint.New(fmt.Errorf("%q is not a host name", c.Host), "use a name, with :port if needed")
	}
	return nil
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// notToken is true for the characters that may not be in a token (RFC 9110
// section 5.6.2).
func notToken(r rune) bool { return notPrintable(r) || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }
