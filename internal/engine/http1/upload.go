package http1

import (
	"cmp"
	"context"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// uploaded is how many bytes of content an upload has, if Request.Body is 0.
const uploaded = 16 << 10

// Upload sends the head of each request at once, and its content piece by piece. The
// method is POST if Request.Method is one that has no content.
func Upload(cfg engine.Config) engine.Engine {
	if !cfg.Content() {
		cfg.Method = "POST"
	}
	cfg.Body = cmp.Or(cfg.Body, uploaded)
	e := newEngine(cfg)
	e.send = func(ctx context.Context, s *session) error { return s.sendInPieces(ctx, s.request().head) }
	return e
}
