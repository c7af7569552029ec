package term

import (
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type dueFunc func()

func (f dueFunc) Due() { f() }

// All is called once, in its order, at its time or a millisecond later.
func TestAgendaCallsAllInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 2000
		var a Agenda
		var mu sync.Mutex
		var got []time.Duration
		start := time.Now()
		for range many {
			wait := rand.N(time.Second)
			a.Add(wait, dueFunc(func() {
				mu.Lock()
				defer mu.Unlock()
				if late := time.Since(start) - wait; late < 0 || late > apart {
					t.Errorf("called %v after its time", late)
				}
				got = append(got, wait)
			}))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(got) != many || !slices.IsSorted(got) {
			t.Errorf("%d of %d were called, in their order: %v", len(got), many, slices.IsSorted(got))
		}
	})
}

// One that is added later and is due earlier is called earlier, and one may add another.
func TestAgendaTakesWhatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Agenda
		var got []string
		a.Add(time.Hour, dueFunc(func() { got = append(got, "hour") }))
		a.Add(time.Minute, dueFunc(func() {
			got = append(got, "minute")
			a.Add(time.Second, dueFunc(func() { got = append(got, "second") }))
		}))
		a.Add(-time.Second, dueFunc(func() { got = append(got, "now") }))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if want := []string{"now", "minute", "second", "hour"}; !slices.Equal(got, want) {
			t.Errorf("called %q, want %q", got, want)
		}
	})
}

// What blocks keeps the others waiting for a few milliseconds, also if a thousand do.
func TestAgendaGoesOnBesideOneThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Agenda
		release := make(chan struct{})
		var calls sync.WaitGroup
		start := time.Now()
		for range 1000 {
			a.Add(0, dueFunc(func() { <-release }))
			calls.Add(1)
			a.Add(0, dueFunc(func() {
				defer calls.Done()
				if late := time.Since(start); late > 50*time.Millisecond {
					t.Errorf("called %v late", late)
				}
			}))
		}
		calls.Wait()
		close(release)
		synctest.Wait()
		a.Add(0, dueFunc(func() { calls.Done() }))
		calls.Add(1)
		calls.Wait() // those that were blocked are no callers any more
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.callers != 0 || len(a.due) != 0 {
			t.Errorf("%d callers and %d appointments are left", a.callers, len(a.due))
		}
	})
}

// Many that are due within a second need one goroutine for each millisecond at most.
func TestAgendaNeedsFewGoroutines(t *testing.T) {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		t.Skip("this Go does not count goroutines")
	}
	created := func() uint64 { metrics.Read(sample); return sample[0].Value.Uint64() }
	synctest.Test(t, func(t *testing.T) {
		const many = 20000
		var a Agenda
		before := created()
		for i := range many {
			a.Add(time.Duration(i)*time.Second/many, dueFunc(func() {}))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := created() - before; n > 1200 {
			t.Errorf("%d goroutines for %d appointments", n, many)
		}
	})
}

// What an appointment of a hundred thousand costs.
func BenchmarkAgenda(b *testing.B) {
	var a Agenda
	nothing := dueFunc(func() {})
	for range 100_000 {
		a.Add(time.Hour+rand.N(time.Hour), nothing)
	}
	b.ReportAllocs()
	for b.Loop() {
		a.Add(time.Hour+rand.N(time.Hour), nothing)
		a.mu.Lock()
		last := len(a.due) - 1
		x := a.due[last]
		a.due = a.due[:last]
		a.down(x)
		a.mu.Unlock()
	}
}
