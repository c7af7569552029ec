package traffic

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// The defaults of a Spec.
const (
	DefaultRate        = 200              // attempts per second and pattern: an outage of 5 ms shows
	DefaultConnections = 8                // of a pattern that keeps them
	DefaultUnderway    = 4096             // attempts per pattern
	DefaultDialTimeout = 5 * time.Second  // until connected
	DefaultTimeout     = 10 * time.Second // from the request sent to the whole answer
)

// MostBody is the most content a request can have.
const MostBody = 64 << 20

// Spec is what is asked of a load. It is plain data, the same in the flags, in
// the order to a worker and, its Load, in the saved run; any field may be zero.
type Spec struct {
	timeline.Load // Host zero: localhost
	// PodHeader is the response header field in which the server names its pod:
	// where clients cannot know which pod they got, as behind a Service's IP.
	// From the first response with the field on, every attempt on the connection is
	// of that pod, whatever the Dialer returned. Zero: the Dialer's result counts.
	PodHeader string `json:"pod_header,omitempty"`
	Limits    Limits `json:"limits,omitzero"`
}

// Limits is how far a load goes.
type Limits struct {
	Connections int           `json:"connections,omitempty"`  // kept per pattern, as long as they are fast enough; zero: DefaultConnections
	Underway    int           `json:"underway,omitempty"`     // most attempts of a pattern at one time; zero: DefaultUnderway
	DialTimeout time.Duration `json:"dial_timeout,omitempty"` // zero: DefaultDialTimeout
	Timeout     time.Duration `json:"timeout,omitempty"`      // zero: DefaultTimeout
	Head        time.Duration `json:"head,omitempty"`         // most time to send the head of a request slowly; zero: as long as the pattern takes
}

// WithDefaults replaces every zero field that has a default.
func (s Spec) WithDefaults() Spec {
	if len(s.Patterns) == 0 {
		s.Patterns = Default()
	}
	s.Rate = cmp.Or(s.Rate, DefaultRate)
	s.Method = cmp.Or(s.Method, "GET")
	s.Path = cmp.Or(s.Path, "/")
	s.Host = cmp.Or(s.Host, "localhost")
	s.Limits.Connections = cmp.Or(s.Limits.Connections, DefaultConnections)
	s.Limits.Underway = cmp.Or(s.Limits.Underway, DefaultUnderway)
	s.Limits.DialTimeout = cmp.Or(s.Limits.DialTimeout, DefaultDialTimeout)
	s.Limits.Timeout = cmp.Or(s.Limits.Timeout, DefaultTimeout)
	return s
}

// Check returns an error with a hint for a wrong setting: a pattern that is not
// known, or a rate, method, path, host or header that cannot be sent as it is.
func (s Spec) Check() error {
	s = s.WithDefaults()
	for _, name := range s.Patterns {
		if find(name) == nil {
			return unknown(name)
		}
	}
	switch {
	case s.Rate < 1 || s.Rate > 100_000:
		return hint.New(fmt.Errorf("a rate of %d per second", s.Rate), "choose 1 to 100000 attempts per second and pattern")
	case strings.IndexFunc(s.Method, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not an HTTP method", s.Method), "use a method such as GET, HEAD or POST")
	case !strings.HasPrefix(s.Path, "/"):
		return hint.New(fmt.Errorf("the path %q does not begin with a slash", s.Path), "write it as /"+s.Path)
	case strings.IndexFunc(s.Path, notPrintable) >= 0:
		return hint.New(fmt.Errorf("the path %q has a character that must be encoded", s.Path), "write a space as %20, other characters likewise")
	case strings.IndexFunc(s.PodHeader, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not the name of a header", s.PodHeader), "name a response header, such as X-Pod")
	case s.TLS != timeline.TLSAuto && s.TLS != timeline.TLSOn && s.TLS != timeline.TLSOff:
		return hint.New(fmt.Errorf("unknown setting %q of TLS", s.TLS), "use auto, on or off")
	case !isHost(s.Host):
		return hint.New(fmt.Errorf("%q is not a host name", s.Host), "use a name, with :port if needed")
	case s.Body < 0 || s.Body > MostBody:
		return hint.New(fmt.Errorf("%d bytes of content in a request", s.Body), fmt.Sprintf("choose 0 to %d", MostBody))
	}
	return checkHeaders(s.Headers)
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// notToken is true for the characters that may not be in a token (RFC 9110
// section 5.6.2).
func notToken(r rune) bool { return notPrintable(r) || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }
