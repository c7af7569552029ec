package term

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Key is the context key of the Leaver: the connection of a request, the latch of a
// Process's workers. It is a pointer because that is the fastest to compare.
var Key any = key

var key = new(byte)

// IsKey reports whether k is Key. It costs less than to compare two values of type any.
func IsKey(k any) bool {
	p, is := k.(*byte)
	return is && p == key
}

// A Leaver is what is asked to leave: when its Draining channel closes.
type Leaver interface {
	Draining() <-chan struct{}
}

// Draining is the channel of the Leaver in ctx, nil if ctx has none.
func Draining(ctx context.Context) <-chan struct{} {
	if l, ok := ctx.Value(Key).(Leaver); ok {
		return l.Draining()
	}
	return nil
}

// A Moment is the moment at which something long-lived is asked to leave: a random one
// within Spread, because clients that are asked at the same time reconnect at the same
// time.
type Moment struct {
	Mu     sync.Mutex    // also guards fields of the struct that this is in; never taken on the path of a request before the finishing phase
	Share  float32       // its place in Spread, from 0 to 1
	Passed bool          // the moment has come, or the connection is closed
	timed  bool          // it is in the Agenda, or was
	Leave  chan struct{} // closed at the moment; nil until Draining is called
}

// Channel returns the channel that is closed at the moment. If a termination is under
// way, the first call has the moment scheduled, by arrange.
func (x *Moment) Channel(s *State, arrange func(*Termination)) chan struct{} {
	x.Mu.Lock()
	defer x.Mu.Unlock()
	if x.Leave == nil {
		x.Leave = make(chan struct{})
		if x.Passed {
			close(x.Leave)
		} else if d := s.Current.Load(); d != nil {
			arrange(d)
		}
	}
	return x.Leave
}

// Schedule has of, whose moment this is, called after wait, once. The caller holds Mu.
func (x *Moment) Schedule(s *State, wait time.Duration, of Due) {
	if !x.timed && !x.Passed {
		x.timed = true
		s.Agenda.Add(wait, of)
	}
}

// HasPassed reports whether the moment has come, or the connection is closed.
func (x *Moment) HasPassed() bool {
	x.Mu.Lock()
	defer x.Mu.Unlock()
	return x.Passed
}

// Pass notes that the moment has come, and closes the channel. The caller holds Mu.
func (x *Moment) Pass() {
	if x.Passed {
		return
	}
	x.Passed = true
	if x.Leave != nil {
		close(x.Leave)
	}
}

// NewShare returns a random place in Spread.
func NewShare() float32 { return rand.Float32() }
