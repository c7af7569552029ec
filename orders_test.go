package lameduck

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What signals order can be ordered in code.
func TestOrdersInCode(t *testing.T) {
	const request = 12 * time.Second // in flight at T0
	for name, test := range map[string]struct {
		order func(*trial)
		by    string
		ends  time.Duration // after T0
		cut   int
	}{
		"Terminate":               {func(x *trial) { x.Terminate("the test") }, "the test", request, 0},
		"Terminate by no name":    {func(x *trial) { x.Terminate("") }, "Process.Terminate", request, 0},
		"Terminate twice":         {func(x *trial) { x.Terminate("the first"); x.Terminate("the second") }, "the first", request, 0},
		"Terminate, Hurry at 4 s": {func(x *trial) { x.Terminate("the test"); time.Sleep(4 * time.Second); x.Hurry() }, "the test", request, 0},
		"Hurry":                   {func(x *trial) { x.Hurry() }, "Process.Hurry", request, 0},
		"Hurry, Terminate":        {func(x *trial) { x.Hurry(); x.Terminate("the test") }, "Process.Hurry", request, 0},
		"Cut":                     {func(x *trial) { x.Cut() }, "Process.Cut", 0, 1},
		"Terminate, Cut at 4 s":   {func(x *trial) { x.Terminate("the test"); time.Sleep(4 * time.Second); x.Cut() }, "the test", 4 * time.Second, 1},
		"Hurry, Cut at 4 s":       {func(x *trial) { x.Hurry(); time.Sleep(4 * time.Second); x.Cut() }, "Process.Hurry", 4 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(request):
					case <-r.Context().Done():
					}
				})
				go x.mustDial().get("/")
				synctest.Wait()
				x.t0 = time.Now()
				test.order(x)
				took, err := x.end()
				var cut *CutError
				if errors.As(err, &cut) != (test.cut > 0) || cut != nil && len(cut.Work) != test.cut {
					t.Errorf("Run: %v, want %d cut", err, test.cut)
				}
				if took < test.ends || took > test.ends+time.Second { // a part of Reserve is for handlers that watch their context
					t.Errorf("ended %v after T0, want %v", took, test.ends)
				}
				if s := x.Status(); s.By != test.by || !s.T0.Equal(x.t0) {
					t.Errorf("by %q at %v, want %q at %v", s.By, s.T0, test.by, x.t0)
				}
				x.Terminate("later") // does nothing
				x.Hurry()
				x.Cut()
			})
		})
	}
}

// Hurry leaves a termination's lame duck, and not what is in flight.
func TestHurryEndsTheLameDuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.t0 = time.Now()
		x.Terminate("the test")
		time.Sleep(4 * time.Second)
		x.Hurry()
		x.endsAt(4 * time.Second)
	})
}

// An order that comes before Run, from whatever goroutine, is not lost.
func TestOrdersBeforeRun(t *testing.T) {
	for name, test := range map[string]struct {
		order func(*Process)
		by    string
		ends  time.Duration
	}{
		"Terminate":           {func(p *Process) { p.Terminate("the test") }, "the test", 10 * time.Second},
		"Terminate and Hurry": {func(p *Process) { p.Terminate("the test"); p.Hurry() }, "the test", 0},
		"Hurry and Terminate": {func(p *Process) { p.Hurry(); p.Terminate("the test") }, "Process.Hurry", 0},
		"Cut":                 {func(p *Process) { p.Cut() }, "Process.Cut", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{}
				test.order(p)
				x := start(t, p, ok)
				x.t0 = p.Status().T0
				x.endsAt(test.ends)
				if by := p.Status().By; by != test.by {
					t.Errorf("by %q, want %q", by, test.by)
				}
			})
		})
	}
}

// A program may begin the termination while Run starts.
func TestOrdersWhileRunStarts(t *testing.T) {
	for range 50 {
		p := &Process{Delay: -1, Quiet: -1, Spread: -1}
		var orders sync.WaitGroup
		for _, order := range []func(){func() { p.Terminate("the test") }, p.Hurry} {
			orders.Go(order)
		}
		if err := p.Run(context.Background()); err != nil {
			t.Error(err)
		}
		orders.Wait()
	}
}
