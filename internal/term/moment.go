package term

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Key is the context key of what is asked to leave: the connection of a
// request, the workers of a Process. A pointer is the fastest to compare.
var Key any = new(byte)

// A Leaver is asked to leave when the channel of Draining closes.
type Leaver interface {
	Draining() <-chan struct{}
}

// Draining is the channel of what ctx is of, nil if it is of none.
func Draining(ctx context.Context) <-chan struct{} {
	if l, ok := ctx.Value(Key).(Leaver); ok {
		return l.Draining()
	}
	return nil
}

// A Moment is the moment at which something long-lived is asked to leave,
// its own within Spread: clients that are all asked at once all come back at
// once.
type Moment struct {
	Mu     sync.Mutex // also of what has this moment; never taken on the path of a request before the closing phase
	Share  float32    // its place in Spread, from 0 to 1
	Passed bool       // the moment has come, or no connection is left to ask
	timed  bool       // it is in the Agenda, or was
	Leave  chan struct{}
}

// Channel returns the channel that is closed at the moment; the first call
// arranges the moment, by arrange, if termination is under way.
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

// Schedule has of, whose moment this is, called at the moment, after wait. The caller
// holds Mu.
func (x *Moment) Schedule(s *State, wait time.Duration, of Due) {
	if !x.timed && !x.Passed {
		x.timed = true
		s.Agenda.Add(wait, of)
	}
}

// HasPassed reports whether the moment has come, or there is nothing left to ask.
func (x *Moment) HasPassed() bool {
	x.Mu.Lock()
	defer x.Mu.Unlock()
	return x.Passed
}

// Pass closes the channel. The caller holds Mu.
func (x *Moment) Pass() {
	if x.Passed {
		return
	}
	x.Passed = true
	if x.Leave != nil {
		close(x.Leave)
	}
}

// NewShare is the place in Spread of something new.
func NewShare() float32 { return rand.Float32() }
