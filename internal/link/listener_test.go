package link

import (
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A queueListener is one whose accept queue nothing but Accept shows. As with a socket, a
// deadline that is past ends Accept whatever the queue holds.
type queueListener struct {
	net.Listener
	queue  chan net.Conn
	limit  time.Time
	set    func() // is called when a deadline was set
	passed func() // is called when one has ended Accept
}

func (l *queueListener) SetDeadline(t time.Time) error {
	l.limit = t
	l.set()
	return nil
}

func (l *queueListener) Accept() (net.Conn, error) {
	if time.Now().Before(l.limit) {
		select {
		case c := <-l.queue:
			return c, nil
		case <-time.After(time.Until(l.limit)):
		}
	}
	l.passed()
	return nil, os.ErrDeadlineExceeded
}

func (l *queueListener) Close() error { return nil }

// A connection that the kernel has accepted is not reset, also if the goroutine that
// empties the accept queue does not run for a while: after it has set a deadline, or
// after that has ended Accept.
func TestQueueIsEmptiedOnABusyMachine(t *testing.T) {
	for _, when := range []string{"begins", "ends"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				e := testEnv(nil)
				e.Set.(*Set).Init()
				e.State.Finishing.Store(true)
				under := &queueListener{queue: make(chan net.Conn, 1)}
				late := func(at string, call int) func() {
					return func() {
						if call--; call == 0 && at == when {
							under.queue <- server
							time.Sleep(30 * time.Millisecond)
						}
					}
				}
				under.set, under.passed = late("begins", 2), late("ends", 2) // the first is Shut's
				l := &Listener{Listener: under, Env: e, Emptied: func() {}}
				l.Shut()
				if _, err := l.Accept(); err != nil {
					t.Fatal("what was in the accept queue was reset:", err)
				}
				if _, err := l.Accept(); err != net.ErrClosed {
					t.Error("when the queue is empty Accept returns", err)
				}
			})
		})
	}
}
