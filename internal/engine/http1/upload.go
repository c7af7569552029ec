package http1

import (
	"cmp"
	"context"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// uploaded is the bytes of content of an upload, if no other number is asked
// for.
const uploaded = 16 << 10

// Upload sends the content of each request piece by piece, by POST if the method
// that was asked for has no content.
func Upload(cfg engine.Config) engine.Engine {
	if !cfg.Content() {
		cfg.Method = "POST"
	}
	cfg.Body = cmp.Or(cfg.Body, uploaded)
	e := newEngine(cfg)
	e.send = func(ctx context.Context, s *session) error { return s.sendInPieces(ctx, s.request().head) }
	return e
}
