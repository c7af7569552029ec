package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// http1 is the engine. The engines of this package differ in send and receive.
type http1 struct {
	engine.Config
	kept, once request
	send       func(context.Context, *session) error
	receive    func(context.Context, *session) (answer, error)
	ahead      int // how many bytes of an answer are read at most in the call that sends its request
}

// session is HTTP/1.1 on one connection.
type session struct {
	engine    *http1
	conn      *engine.Conn
	use       engine.Use
	in        reader
	sent      time.Time  // when the head of the request was written; zero: it was not
	used      bool       // it has had an exchange
	failed    error      // an error of peek or Ask; each Read returns it from then on
	end       engine.End // Open: another exchange is possible
	announced bool       // one side has announced the end of the connection
}

// errAnswered means that the server has answered, or closed, before the request was
// complete.
var errAnswered = errors.New("the server did not wait for the whole request")

// Do sends a request and reads the answer.
func (s *session) Do(ctx context.Context) engine.Exchange {
	s.sent = time.Time{}
	reused := s.used
	s.used = true
	send, receive := s.engine.send, s.engine.receive
	if s.use == engine.Retry {
		send, receive = sendAtOnce, receiveAtOnce
	}
	sendErr := send(ctx, s)
	// A server may answer before it has read everything, and close.
	ans, err := receive(ctx, s)
	x := engine.Exchange{Sent: s.sent, Ended: time.Now(), Bytes: s.in.seen, Status: ans.status, Content: s.in.content, Pod: s.in.pod}
	switch {
	case err != nil:
		if x.Bytes == 0 && sendErr != nil && sendErr != errAnswered {
			err = sendErr // more exact than the error of reading
		}
		x.End, x.Failure = engine.Broken, engine.ExchangeFailure(phase(x.Bytes, sendErr), err, x.Bytes)
		x.Retryable = reused && s.retryable(&x)
		return x
	case sendErr != nil && sendErr != errAnswered:
		x.End = engine.Broken
	case s.use != engine.Kept:
		s.announced = true
	case ans.close || sendErr != nil:
		s.announced = true
		x.End = engine.Announced
	}
	if ans.status >= 500 {
		x.Failure = engine.Failure{Phase: engine.Receive, Cause: engine.Status5xx, Detail: fmt.Sprintf("status %d", ans.status)}
	}
	return x
}

// phase is the phase that an exchange without a complete answer has reached, after
// seen bytes of it.
func phase(seen int64, sendErr error) engine.Phase {
	switch {
	case seen > 0:
		return engine.Receive
	case sendErr != nil:
		return engine.Send
	}
	return engine.Wait
}

// retryable reports whether a client may repeat a request that has failed on a connection
// that was used before: it is idempotent, and no byte of its answer has come (RFC 9112
// section 9.3.1).
func (s *session) retryable(x *engine.Exchange) bool {
	return x.Bytes == 0 && (x.Cause == engine.Reset || x.Cause == engine.EOF) && s.engine.Idempotent()
}

// sendAtOnce writes a request with one write, and may read the first bytes of the answer.
func sendAtOnce(_ context.Context, s *session) error {
	if err := s.setDeadline(0); err != nil {
		return err
	}
	space := s.in.space()
	asked := s.conn.Ask(s.request().bytes, space[:min(len(space), s.engine.ahead)])
	s.in.took(asked.N)
	s.sent, s.failed = asked.Sent, asked.ReadErr
	return asked.WriteErr
}

// write writes the bytes [from:to] of the request. With the last byte of the head the
// request counts as sent: from then on the server can know what is asked.
func (s *session) write(from, to int) error {
	r := s.request()
	_, err := s.conn.Write(r.bytes[from:to])
	if err == nil && from < r.head && to >= r.head {
		s.sent = time.Now()
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

// setDeadline sets the deadline of the connection: Timeout from now, and in addition what
// the pieces of the exchange take.
func (s *session) setDeadline(takes time.Duration) error {
	return s.conn.SetDeadline(time.Now().Add(takes + s.engine.Timeout))
}

// Read reads from the connection, or returns the error of peek.
func (s *session) Read(p []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	return s.conn.Read(p)
}

// peek reads into the buffer, without waiting, what the connection has received. It
// returns true if the connection is open and has received nothing.
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
func (s *session) Idle() engine.End {
	if s.end != engine.Open {
		return s.end
	}
	open := s.peek()
	if errors.Is(s.failed, os.ErrDeadlineExceeded) { // the deadline of the exchange before
		s.failed = s.setDeadline(0)
		open = s.peek()
	}
	if !open {
		s.end = s.closeReason()
	}
	return s.end
}

// closeReason is how the connection ended while no request was in flight. A server may
// announce that by an answer with status 408 (RFC 9110 section 15.5.9).
func (s *session) closeReason() engine.End {
	switch {
	case s.failed == io.EOF:
		return engine.FIN
	case s.failed != nil:
		return engine.Broken
	}
	s.failed, s.in.heads = engine.ErrNothing, 0 // so that head parses only what was received, and does not wait for more
	if b, err := s.in.head(); err == nil {
		if h, err := parseHead(b); err == nil && h.status == 408 {
			return engine.Announced
		}
	}
	return engine.Broken
}

// lingerFor is how long a client waits for the server to close first.
const lingerFor = 250 * time.Millisecond

// Close closes the connection; if its end was announced, after the server has, or after
// lingerFor.
func (s *session) Close() {
	if s.announced && s.conn.SetReadDeadline(time.Now().Add(lingerFor)) == nil {
		for err := error(nil); err == nil; err = s.in.fill() {
			s.in.r = s.in.w
		}
	}
	_ = s.conn.Close()
}
