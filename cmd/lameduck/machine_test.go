package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/lateness"
)

// machine lends this machine to trials. A trial's clients and pods need their
// processor time when they ask for it; a result made by late clients is no
// evidence about the server. So a try on a late machine takes twice the room,
// at half the rate; and one that is inconclusive, or has the wrong result on a
// late machine or with a failed control target, is made again: alone, and at
// half the rate. A server without a fault that failed is not tried again.
type machine struct {
	taking sync.Mutex    // held by the try that waits for its slots
	slots  chan struct{} // trials wait more than they work
}

var thisMachine = machine{slots: make(chan struct{}, 4*runtime.NumCPU())}

const (
	scriptRate = 50 // attempts per second and pattern
	leastRate  = 10
	mostTries  = 6
)

// try runs f, which makes one trial at the rate, until it has the right
// result. The error is f's where the machine was in time, or else has how
// late the machine was.
func (m *machine) try(rate int, f func(rate int) error) error {
	late := lateness.Begin()
	time.Sleep(10 * lateness.Sample)
	if late.Stop() > lateness.Tolerated {
		return m.tries(2, max(leastRate, rate/2), f)
	}
	return m.tries(1, rate, f)
}

func (m *machine) tries(room, rate int, f func(rate int) error) error {
	var worst time.Duration
	var err error
	for range mostTries {
		release := m.take(room)
		late := lateness.Begin()
		err = f(rate)
		was := late.Stop()
		release()
		if err == nil || errors.Is(err, errFalse) || was <= lateness.Tolerated && !errors.Is(err, errControl) && !errors.Is(err, errInconclusive) {
			return err
		}
		worst = max(worst, was)
		room, rate = cap(m.slots), max(leastRate, rate/2)
	}
	return fmt.Errorf("no result in %d tries: this machine was late by %v (the last try: %w)", mostTries, worst.Round(time.Millisecond), err)
}

// take returns when that many slots are free. A try that needs many
// is not overtaken.
func (m *machine) take(room int) (release func()) {
	m.taking.Lock()
	defer m.taking.Unlock()
	for range room {
		m.slots <- struct{}{}
	}
	return func() {
		for range room {
			<-m.slots
		}
	}
}

// TestAFalseFailIsNotTriedAgain, and an inconclusive result is.
func TestAFalseFailIsNotTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		first error
		tries int
	}{{errInconclusive, 2}, {fmt.Errorf("%w (%w)", errFalse, errControl), 1}} {
		m, tries := machine{slots: make(chan struct{}, 1)}, 0
		err := m.tries(1, scriptRate, func(int) error {
			if tries++; tries > 1 {
				return nil
			}
			return tt.first
		})
		if tries != tt.tries || (err == nil) != (tt.tries == 2) {
			t.Errorf("after %v: %d tries, %v", tt.first, tries, err)
		}
	}
}
