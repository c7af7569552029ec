package lameduck

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A memSocket is one end of a connection in memory that is a TCP socket at its
// worst: what is written is buffered, up to a bound; who closes with something
// unread, or is written to after that, resets the connection; and what the
// other side has not read by then is lost. So it is on BSD, and for what has
// not left the machine on Linux.
type memSocket struct {
	in, out *memQueue
	addr    net.Addr // of the other side
}

// A memQueue is one direction.
type memQueue struct {
	mu      sync.Mutex
	changed *sync.Cond
	data    []byte
	room    int
	fin     bool  // its writer has announced that nothing more comes
	failed  error // what a Read returns: the connection was reset, or closed on this side
	refused error // what a Write returns

	readBy, writeBy time.Time
}

// memSockets returns both ends of a connection; each may have so many bytes
// on the way.
func memSockets(room int) (server, client *memSocket) {
	a, b := newMemQueue(room), newMemQueue(room)
	return &memSocket{a, b, &net.UnixAddr{Name: "client"}}, &memSocket{b, a, &net.UnixAddr{Name: "server"}}
}

func newMemQueue(room int) *memQueue {
	q := &memQueue{room: room}
	q.changed = sync.NewCond(&q.mu)
	return q
}

func (s *memSocket) LocalAddr() net.Addr  { return s.addr }
func (s *memSocket) RemoteAddr() net.Addr { return s.addr }

func (s *memSocket) Read(b []byte) (int, error) {
	q := s.in
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.failed != nil:
			return 0, q.failed
		case past(q.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(q.data) > 0:
			n := copy(b, q.data)
			q.data = q.data[n:]
			q.changed.Broadcast()
			return n, nil
		case q.fin:
			return 0, io.EOF
		case len(b) == 0:
			return 0, nil
		}
		q.changed.Wait()
	}
}

func (s *memSocket) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var wrote int
		wrote, err = s.out.write(b[n:])
		n += wrote
	}
	if err == syscall.ECONNRESET {
		s.in.end(err, nil)
	}
	return n, err
}

func (q *memQueue) write(b []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.refused != nil:
			return 0, q.refused
		case q.fin:
			return 0, syscall.EPIPE
		case past(q.writeBy):
			return 0, os.ErrDeadlineExceeded
		case len(q.data) < q.room:
			n := min(len(b), q.room-len(q.data))
			q.data = append(q.data, b[:n]...)
			q.changed.Broadcast()
			return n, nil
		}
		q.changed.Wait()
	}
}

// end ends a direction for its reader or its writer, whichever error is given.
// It reports whether something was unread.
func (q *memQueue) end(failed, refused error) (unread bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	unread = len(q.data) > 0
	if failed != nil && q.failed == nil {
		q.failed, q.data = failed, nil
	}
	if refused != nil && q.refused == nil {
		q.refused = refused
	}
	q.changed.Broadcast()
	return unread
}

func (s *memSocket) CloseWrite() error {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.out.fin = true
	s.out.changed.Broadcast()
	return nil
}

// Close is the whole end: what comes from the other side now resets it.
func (s *memSocket) Close() error {
	s.CloseWrite()
	s.out.end(nil, net.ErrClosed)
	unread := s.in.end(net.ErrClosed, nil)
	s.in.end(nil, syscall.ECONNRESET)
	if unread {
		s.out.end(syscall.ECONNRESET, nil)
	}
	return nil
}

func (s *memSocket) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

func (s *memSocket) SetReadDeadline(t time.Time) error {
	s.in.deadline(&s.in.readBy, t)
	return nil
}

func (s *memSocket) SetWriteDeadline(t time.Time) error {
	s.out.deadline(&s.out.writeBy, t)
	return nil
}

func (q *memQueue) deadline(at *time.Time, t time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*at = t
	q.changed.Broadcast()
	if wait := time.Until(t); wait > 0 {
		time.AfterFunc(wait, q.changed.Broadcast)
	}
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

// The socket that the tests trust in.
func TestMemSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := make([]byte, 10)
		server, client := memSockets(4)
		wrote := make(chan error, 1)
		go func() {
			_, err := client.Write([]byte("hello"))
			wrote <- err
		}()
		synctest.Wait()
		if n, err := server.Read(b); string(b[:n]) != "hell" || err != nil {
			t.Errorf("Read: %q, %v", b[:n], err)
		}
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		server.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := server.Read(b); err != nil {
			t.Error(err)
		}
		if _, err := server.Read(b); err != os.ErrDeadlineExceeded {
			t.Errorf("Read: %v", err)
		}
		server.Write([]byte("bye"))
		server.Close()
		if n, err := client.Read(b[:1]); n != 1 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
		if _, err := client.Write(b); err != syscall.ECONNRESET {
			t.Errorf("Write: %v", err)
		}
		if _, err := client.Read(b); err != syscall.ECONNRESET {
			t.Errorf("what was on the way was read, or %v", err)
		}

		server, client = memSockets(4)
		client.Write([]byte("hi"))
		server.Write([]byte("bye"))
		server.Close() // with something unread
		if _, err := client.Read(b); err != syscall.ECONNRESET {
			t.Errorf("Read: %v", err)
		}

		server, client = memSockets(4)
		server.CloseWrite()
		if _, err := client.Read(b); err != io.EOF {
			t.Errorf("Read: %v", err)
		}
		if _, err := client.Write([]byte("hi")); err != nil {
			t.Errorf("Write: %v", err)
		}
	})
}
