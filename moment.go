package lameduck

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// leaverKey is the context key of what is asked to leave: the connection of a
// request, the workers of a Process. A pointer is the fastest to compare.
var leaverKey any = new(byte)

type leaver interface {
	draining() <-chan struct{}
}

// draining is the channel of what ctx is of, nil if it is of none.
func draining(ctx context.Context) <-chan struct{} {
	if l, ok := ctx.Value(leaverKey).(leaver); ok {
		return l.draining()
	}
	return nil
}

// A departure is the moment at which something long-lived is asked to leave,
// its own within Spread: clients that are all asked at once all come back at
// once.
type departure struct {
	mu    sync.Mutex // never taken on the path of a request before the closing phase
	share float32    // its place in Spread, from 0 to 1
	gone  bool       // the moment has come, or there is nobody to ask any more
	leave chan struct{}
	timer *time.Timer
}

// channel returns the channel that is closed at the moment; whoever asks for
// it first arranges the moment, by arrange, if termination is under way.
func (x *departure) channel(s *state, arrange func(*drain)) chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.leave == nil {
		x.leave = make(chan struct{})
		if x.gone {
			close(x.leave)
		} else if d := s.current.Load(); d != nil {
			arrange(d)
		}
	}
	return x.leave
}

// after arranges that depart is called at the moment. The caller holds mu.
func (x *departure) after(wait time.Duration, depart func()) {
	if x.timer == nil && !x.gone {
		x.timer = time.AfterFunc(max(0, wait), depart)
	}
}

// come closes the channel. The caller holds mu.
func (x *departure) come() {
	if x.gone {
		return
	}
	x.gone = true
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.leave != nil {
		close(x.leave)
	}
}

func newShare() float32 { return rand.Float32() }
