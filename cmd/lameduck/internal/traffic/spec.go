package traffic

import (
	"cmp"
	"time"

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

// Default returns the names of the patterns used when none is asked for.
func Default() []string { return []string{"new", "keepalive", "slow"} }

// Limits is how far a load goes.
type Limits struct {
	Connections int           `json:"connections,omitempty"`  // kept per pattern, as long as they are fast enough; zero: DefaultConnections
	Underway    int           `json:"underway,omitempty"`     // most attempts of a pattern at the same time; zero: DefaultUnderway
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
