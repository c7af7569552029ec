package http1

import (
	"context"
	"time"
)

// pieces is into how many parts a request or an answer is divided that is slow.
const pieces = 20

// sendInPieces writes the request piece by piece: the first bytes and the first piece at
// once, the last piece after Config.Takes. Before each it peeks whether the server has
// answered or closed: a write to a closed connection would cause a reset, which can
// destroy an answer.
func (s *session) sendInPieces(ctx context.Context, first int) error {
	length, takes := len(s.request().bytes), s.engine.Takes
	if err := s.setDeadline(takes); err != nil {
		return err
	}
	begin := time.Now()
	for i, sent := 0, 0; sent < length; i++ {
		if i > 0 && !pause(ctx, time.Until(begin.Add(takes*time.Duration(i)/(pieces-1)))) {
			return ctx.Err()
		}
		if !s.peek() {
			return errAnswered
		}
		if s.hasUnacked() && time.Since(begin) < takes+s.engine.Timeout {
			continue
		}
		end := first + (length-first)*min(i+1, pieces)/pieces
		if err := s.write(sent, end); err != nil {
			return err
		}
		sent = end
	}
	return s.setDeadline(0)
}

// hasUnacked reports whether the server's kernel has not acknowledged all that was sent.
// The next piece must not be sent then. If the accept queue of the server is full and
// SYN cookies are in use, Linux drops what arrives, and later takes a segment that begins
// up to 3 bytes after the start of the connection for the first one: the request would
// begin with this piece. Nagle's algorithm does not help: a tail loss probe sends anyway.
func (s *session) hasUnacked() bool { return s.conn.Unacked() > 0 }

// pause waits for d. It returns false if ctx has ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
