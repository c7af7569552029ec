package link

import (
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// A limited is a connection that notes its read deadlines.
type limited struct {
	net.Conn
	mu  sync.Mutex
	all []time.Time
}

func (c *limited) SetReadDeadline(t time.Time) error {
	runtime.Gosched() // so that two calls may change their order
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, t)
	return nil
}

func (c *limited) Close() error { return nil }

// A limitedConn is a Conn between two requests, with no read deadline, and the connection
// under it.
func limitedConn() (*Conn, *limited) {
	below := new(limited)
	c := newConn(below, testEnv(nil))
	c.hooksUnset = true
	c.prefaceMatched = -1
	c.SetReadDeadline(time.Time{})
	return c, below
}

var (
	none   time.Time
	past   = time.Unix(1, 0)
	future = time.Now().Add(time.Hour)
)

// What a handler, or net/http around it, has set is taken back before the next request.
// Only if it is certain that no deadline is set, setting none is left out.
func TestDeadlineOfAHandlerIsTakenBack(t *testing.T) {
	for name, test := range map[string]struct {
		set     []time.Time
		certain bool
	}{
		"nothing":                        {nil, true},
		"none":                           {[]time.Time{none}, true},
		"the pair of a background read":  {[]time.Time{past, none}, true},
		"two pairs":                      {[]time.Time{past, none, past, none}, true},
		"a limit that is taken back":     {[]time.Time{future, none}, true},
		"a limit":                        {[]time.Time{future}, false},
		"past":                           {[]time.Time{past}, false},
		"a limit after a pair":           {[]time.Time{past, none, future}, false},
		"a limit before a pair":          {[]time.Time{future, past, none}, false},
		"past, without a background one": {[]time.Time{none, past}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, below := limitedConn()
			c.doing.Store(new(http.Request))
			for _, at := range test.set {
				c.SetReadDeadline(at)
			}
			if !slices.Equal(below.all[1:], test.set) {
				t.Fatalf("set were %v, want %v", below.all[1:], test.set)
			}
			c.connState(http.StateIdle)
			c.SetReadDeadline(none)
			if left := len(below.all) == 1+len(test.set); left != test.certain {
				t.Errorf("none was left out: %v, want %v", left, test.certain)
			}
			if last := below.all[len(below.all)-1]; !last.IsZero() {
				t.Errorf("%v is set while the connection is idle", last)
			}
			if at := c.readDeadline.Load(); at != 0 {
				t.Errorf("after an interrupt %d is set", at)
			}
		})
	}
}

// Several goroutines of a handler may set deadlines, in any order.
func TestDeadlinesOfManyGoroutinesAreTakenBack(t *testing.T) {
	for range 20000 {
		c, below := limitedConn()
		c.doing.Store(new(http.Request))
		var setting sync.WaitGroup
		for range 3 {
			setting.Go(func() {
				for range rand.IntN(4) {
					c.SetReadDeadline([]time.Time{none, past, past, future}[rand.IntN(4)])
				}
			})
		}
		setting.Wait()
		c.connState(http.StateIdle)
		c.SetReadDeadline(none)
		if last := below.all[len(below.all)-1]; !last.IsZero() {
			t.Fatalf("%v is set while the connection is idle, after %v", last, below.all)
		}
	}
}
