package lameduck

import (
	"net"
	"time"
)

// A listener hands net/http wrapped connections, and closes without losing
// one that the kernel has already accepted: closing a socket resets its
// accept queue.
type listener struct {
	net.Listener
	process *Process
	empty   bool // the accept queue was empty a moment ago
}

type deadliner interface{ SetDeadline(time.Time) error }

// Accept is called by one goroutine only: http.Server.Serve.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			l.empty = false
			w := newConn(c, l.process)
			l.process.conns.add(w)
			return w, nil
		}
		if !l.process.closing.Load() {
			return nil, err
		}
		if l.empty || !l.look() {
			l.Listener.Close()
			return nil, net.ErrClosed
		}
	}
}

// look arranges one more Accept that returns at once if the queue is empty.
func (l *listener) look() bool {
	l.empty = true
	d, ok := l.Listener.(deadliner)
	return ok && d.SetDeadline(time.Now().Add(time.Millisecond)) == nil
}

// shut begins the end of the listener: it wakes Accept, which empties the
// queue and closes. The caller has set closing.
func (l *listener) shut() {
	if d, ok := l.Listener.(deadliner); !ok || d.SetDeadline(time.Unix(1, 0)) != nil {
		l.Listener.Close()
	}
}
