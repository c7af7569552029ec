package http1

import (
	"context"
	"time"
)

// pieces is into how many parts a request is cut that is sent slowly.
const pieces = 20

// sendInPieces writes the request: its first bytes at once, then the others
// piece by piece, the last when the engine's Takes are over. Before each it peeks
// whether the server has responded or closed: writing to a closed connection
// would cause a reset that can destroy a response.
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

// hasUnacked reports whether the server's kernel has yet to acknowledge what
// was sent. A piece sent then could become the start of the request at a server
// with an overflowing accept queue: under SYN cookies Linux drops what arrives
// while the queue is full, and takes a segment up to 3 bytes later for the
// first one. Nagle's algorithm is no help, a tail loss probe sends anyway.
func (s *session) hasUnacked() bool { return s.conn.Unacked() > 0 }

// pause waits; false if ctx ended.
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
