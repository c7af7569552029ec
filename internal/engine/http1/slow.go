package http1

import (
	"context"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// Slow sends the head of each request piece by piece.
func Slow(cfg engine.Config) engine.Engine {
	e := newEngine(cfg)
	e.send = func(ctx context.Context, s *session) error { return s.sendInPieces(ctx, 0) }
	return e
}
