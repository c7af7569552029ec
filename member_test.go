package lameduck

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// closedAt is when, after T0, a channel was closed. It is asked for when the
// trial has ended.
func (x *trial) closedAt(c <-chan struct{}) func() time.Duration {
	at := make(chan time.Duration, 1)
	go func() {
		<-c
		at <- time.Since(x.t0)
	}()
	return func() time.Duration { return <-at }
}

// Whatever has no connection of its own is asked to leave at its own moment, whenever it
// asks for it.
func TestWithDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{Spread: 8 * time.Second}, ok)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var moments []func() time.Duration
		for range 100 {
			moments = append(moments, x.closedAt(Draining(x.WithDraining(ctx))))
		}
		asksLate := x.WithDraining(ctx)
		unasked := x.WithDraining(ctx)
		x.terminate()
		comesLate := x.WithDraining(ctx)
		time.Sleep(9 * time.Second)
		for name, c := range map[string]context.Context{"asked before T0": asksLate, "asked after its moment": unasked, "came after T0": comesLate} {
			select {
			case <-Draining(c):
			case <-time.After(time.Millisecond):
				t.Errorf("%s: not asked 9 s after T0", name)
			}
		}
		x.endsAt(10 * time.Second)
		var asked []time.Duration
		for _, moment := range moments {
			asked = append(asked, moment())
		}
		slices.Sort(asked)
		const apart = time.Millisecond // between two firings of the timer of term.Agenda
		if asked[0] > 2*time.Second || asked[99] < 6*time.Second || asked[99] > 8*time.Second+apart {
			t.Errorf("asked %v after T0", asked)
		}
		if Draining(context.Background()) != nil {
			t.Error("a context of another origin is asked")
		}
	})
}

// When the lame duck is over, each member that is left is asked to leave, and each that comes then.
func TestMomentsEndWithTheLameDuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Delay: time.Second, Quiet: -1, Spread: time.Hour}
		p.AddWorker("slow", func(ctx context.Context) error {
			<-Draining(ctx)
			time.Sleep(5 * time.Second)
			return nil
		})
		x := start(t, p, ok)
		early := x.closedAt(Draining(x.WithDraining(t.Context())))
		x.terminate()
		time.Sleep(3 * time.Second)
		late := x.closedAt(Draining(x.WithDraining(t.Context())))
		if at := early(); at != time.Second {
			t.Errorf("the early one was asked %v after T0", at)
		}
		if at := late(); at != 3*time.Second {
			t.Errorf("the late one was asked %v after T0", at)
		}
		x.endsAt(5 * time.Second)
	})
}

// A member is forgotten when its context ends.
func TestMembersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		for range 1000 {
			ctx, cancel := context.WithCancel(t.Context())
			x.WithDraining(ctx)
			cancel()
		}
		synctest.Wait()
		if n := len(x.members.List()); n != 0 {
			t.Errorf("%d members are kept", n)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// It works before Run, too: an interceptor may be tried without a server.
func TestWithDrainingBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Process
		ctx := p.WithDraining(t.Context())
		select {
		case <-Draining(ctx):
			t.Error("asked")
		case <-time.After(time.Hour):
		}
	})
}
