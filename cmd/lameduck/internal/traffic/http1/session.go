package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic/engine"
)

// session is HTTP/1.1 on one connection.
type session struct {
	engine    *http1
	conn      *engine.Conn
	use       engine.Use
	in        reader
	sent      time.Duration // when the head of the request was written, or Never
	failed    error         // an error of peek; the next Read returns it again
	end       timeline.End  // Open: another exchange is possible
	announced bool          // by either side
}

// errAnswered means that the server responded, or closed, before the request
// was complete.
var errAnswered = errors.New("the server did not wait for the whole request")

// Do sends a request and reads the answer.
func (s *session) Do(ctx context.Context, a *timeline.Attempt) {
	s.sent = timeline.Never
	send, receive := s.engine.send, s.engine.receive
	if s.use == engine.Retry {
		send, receive = sendAtOnce, receiveAtOnce
	}
	sendErr := send(ctx, s)
	a.Sent = s.sent
	// A server may answer before it has read everything, and close.
	ans, err := receive(ctx, s)
	a.Ended = s.engine.Clock.Now()
	a.Bytes, a.Status = s.in.seen, ans.status
	if s.in.pod != "" {
		a.Pod = s.in.pod
	}
	switch {
	case err != nil:
		if a.Bytes == 0 && sendErr != nil && sendErr != errAnswered {
			err = sendErr // more exact than the error of reading
		}
		engine.FailExchange(a, phase(a, sendErr), err)
		return
	case sendErr != nil && sendErr != errAnswered:
		a.End, a.EndedConn = timeline.Broken, a.Ended
	case s.use != engine.Kept:
		s.announced = true
	case ans.close || sendErr != nil:
		s.announced = true
		a.End, a.EndedConn = timeline.Announced, a.Ended
	}
	if ans.status >= 500 {
		engine.Fail(a, timeline.ReceivePhase, timeline.Status5xx, fmt.Sprintf("status %d", ans.status))
	}
}

// phase is the phase that an exchange without a complete answer has reached.
func phase(a *timeline.Attempt, sendErr error) timeline.Phase {
	switch {
	case a.Bytes > 0:
		return timeline.ReceivePhase
	case sendErr != nil:
		return timeline.SendPhase
	}
	return timeline.WaitPhase
}

// sendAtOnce writes a request with one write.
func sendAtOnce(_ context.Context, s *session) error {
	if err := s.setDeadline(0); err != nil {
		return err
	}
	return s.write(0, len(s.request().bytes))
}

// write writes the bytes [from:to] of the request. From the last byte of the head
// on the server can know what is asked.
func (s *session) write(from, to int) error {
	r := s.request()
	_, err := s.conn.Write(r.bytes[from:to])
	if err == nil && from < r.head && to >= r.head {
		s.sent = s.engine.Clock.Now()
	}
	return err
}

func receiveAtOnce(_ context.Context, s *session) (answer, error) {
	return s.in.answer(s.engine.Method == "HEAD")
}

func (s *session) request() *request {
	if s.use == engine.Kept {
		return &s.engine.kept
	}
	return &s.engine.once
}

// setDeadline allows the time-out of an answer, and what the pattern itself
// takes, from now on.
func (s *session) setDeadline(takes time.Duration) error {
	return s.conn.SetDeadline(time.Now().Add(takes + s.engine.Timeout))
}

// Read reads from the connection, after what peek has read.
func (s *session) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	return s.conn.Read(p)
}

// peek reads, without waiting, whatever the connection has received; it stays
// in the buffer. It reports whether the connection is open and nothing was
// received.
func (s *session) peek() bool {
	if s.in.buffered() > 0 || s.failed != nil {
		return false
	}
	n, err := s.conn.ReadNow(s.in.space())
	s.in.took(n)
	if n == 0 && err != engine.ErrNothing {
		s.failed = err
	}
	return n == 0 && err == engine.ErrNothing
}

// Idle looks whether the server has closed the connection, or sent something
// that was not asked for.
func (s *session) Idle() timeline.End {
	if s.end != timeline.Open {
		return s.end
	}
	// The deadline of the attempt before may be over.
	if err := s.setDeadline(0); err != nil {
		s.failed = err
	}
	if !s.peek() {
		s.end = s.closeReason()
	}
	return s.end
}

// closeReason is how the connection ended without a request in flight. A server
// may announce the end of an idle connection with a 408 (RFC 9110 section
// 15.5.9).
func (s *session) closeReason() timeline.End {
	switch {
	case s.failed == io.EOF:
		return timeline.FIN
	case s.failed != nil:
		return timeline.Broken
	}
	s.failed, s.in.heads = engine.ErrNothing, 0 // only what was received counts
	if b, err := s.in.head(); err == nil {
		if h, err := parseHead(b); err == nil && h.status == 408 {
			return timeline.Announced
		}
	}
	return timeline.Broken
}

// lingerFor is how long a client waits for the server to close first.
const lingerFor = 250 * time.Millisecond

// Close closes the connection, after the server if its end was announced.
func (s *session) Close() {
	if s.announced && s.conn.SetReadDeadline(time.Now().Add(lingerFor)) == nil {
		for err := error(nil); err == nil; err = s.in.fill() {
			s.in.r = s.in.w
		}
	}
	_ = s.conn.Close()
}
