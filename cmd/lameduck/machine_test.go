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
// evidence about the server. So a try on a late machine takes twice the room;
// and one that is inconclusive, or has the wrong result on a late machine, with a
// failed control target or with a slow server, is made again: with half of the machine, and then
// alone. A server without a fault that failed is not tried again.
type machine struct {
	taking sync.Mutex    // held by the try that waits for its slots
	slots  chan struct{} // trials wait more than they work
}

var thisMachine = machine{slots: make(chan struct{}, 6*runtime.NumCPU())}

// rate is how many attempts a trial makes, per second and pattern. Half of it would
// cost a third less; but the servers with a fault have what they hold, and each client
// has used its connection again, within the time that they wait at this rate, and not
// at a lower one.
const rate = 25

const mostTries = 6

// try runs f, which makes one trial, until it has the right result. The error
// is f's where the machine was in time, or else has how late the machine was.
func (m *machine) try(f func() error) error { return m.tries(m.roomNow, f) }

// roomNow is how many slots a trial needs: 1 as soon as the machine is in time, 2
// if it is not within two seconds. A trial begins with some processes, so each that
// has just begun keeps the next waiting.
func (m *machine) roomNow() int {
	for range 20 {
		late := lateness.Begin()
		time.Sleep(10 * lateness.Sample)
		if late.Stop() <= lateness.Tolerated {
			return 1
		}
	}
	return 2
}

func (m *machine) all() int  { return cap(m.slots) }
func (m *machine) half() int { return (cap(m.slots) + 1) / 2 }

func (m *machine) tries(room func() int, f func() error) error {
	var worst time.Duration
	var err error
	next := m.half
	for range mostTries {
		release := m.take(room)
		late := lateness.Begin()
		err = f()
		was := late.Stop()
		release()
		if err == nil || errors.Is(err, errFalse) || was <= lateness.Tolerated && !errors.Is(err, errControl) && !errors.Is(err, errSlow) && !errors.Is(err, errInconclusive) {
			return err
		}
		worst = max(worst, was)
		room, next = next, m.all
	}
	return fmt.Errorf("no result in %d tries: this machine was late by %v (the last try: %w)", mostTries, worst.Round(time.Millisecond), err)
}

// take returns when that many slots are free. A try that needs many
// is not overtaken.
func (m *machine) take(room func() int) (release func()) {
	m.taking.Lock()
	defer m.taking.Unlock()
	n := room()
	for range n {
		m.slots <- struct{}{}
	}
	return func() {
		for range n {
			<-m.slots
		}
	}
}

// TestAFalseFailIsNotTriedAgain, and an inconclusive result is.
func TestAFalseFailIsNotTriedAgain(t *testing.T) {
	for _, tt := range []struct {
		first error
		tries int
	}{{errInconclusive, 2}, {errSlow, 2}, {fmt.Errorf("%w (%w)", errFalse, errControl), 1}} {
		m, tries := machine{slots: make(chan struct{}, 1)}, 0
		err := m.tries(m.all, func() error {
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
