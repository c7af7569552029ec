package http1

import (
	"context"
	"io"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// portion is how many bytes a download reads at once while it is slow.
const portion = 4 << 10

// Download reads each answer piece by piece, until Config.Takes is over; what is left then
// it reads as it comes. An answer that fits into one piece takes no extra time.
func Download(cfg engine.Config) engine.Engine {
	e := newEngine(cfg)
	e.ahead, e.receive = portion, receiveInPieces
	return e
}

func receiveInPieces(ctx context.Context, s *session) (answer, error) {
	if err := s.setDeadline(s.engine.Takes); err != nil {
		return answer{}, err
	}
	slow := &slowReader{src: s, pause: func() bool { return pause(ctx, s.engine.Takes/pieces) }}
	if s.in.buffered() > 0 {
		slow.reads = 1 // the first piece was read by the call that sent the request
	}
	s.in.src = slow
	defer func() { s.in.src = s }()
	return receiveAtOnce(ctx, s)
}

// slowReader reads the first pieces in portions, with a pause between two of them.
type slowReader struct {
	src   io.Reader
	pause func() bool
	reads int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.reads > pieces {
		return r.src.Read(p)
	}
	if r.reads > 0 && !r.pause() {
		return 0, context.Canceled
	}
	r.reads++
	return r.src.Read(p[:min(len(p), portion)])
}
