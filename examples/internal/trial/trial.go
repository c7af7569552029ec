package trial

import (
	"context"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/examples/load"
)

// propagation is for how long new connections are still sent to an instance
// that terminates, as in a cluster.
const propagation = 300 * time.Millisecond

// Terminate sends SIGTERM to the example while run puts load on it. A moment
// later new connections go to a second instance. It is an error of the test
// if anything is lost, if an exit code is not 0, or if a log does not record
// that nothing was cut. It returns the first instance and what run counted.
func Terminate(t *testing.T, run load.Load, args ...string) (*Program, load.Result) {
	t.Helper()
	return TCP.Terminate(t, run, args...)
}

// Terminate is the same on another network.
func (n Network) Terminate(t *testing.T, run load.Load, args ...string) (*Program, load.Result) {
	t.Helper()
	pair := &Pair{First: n.Start(t, args...), Second: n.Start(t, args...)}
	return pair.First, pair.Terminate(t, run)
}

// Leave is Terminate, and an error of the test if no client counts that it was
// asked to leave in one of the ways.
func Leave(t *testing.T, run load.Load, ways ...string) {
	t.Helper()
	_, result := Terminate(t, run)
	for _, way := range ways {
		if result.Asked[way] == 0 {
			t.Errorf("no client was asked to leave by %s: %v", way, result.Asked)
		}
	}
}

// A Pair is two instances; new connections go to the first, and after the
// switch to the second.
type Pair struct {
	First, Second *Program
	switched      atomic.Bool
}

// Terminate is the same with two instances that were started before.
func (p *Pair) Terminate(t *testing.T, run load.Load) load.Result {
	t.Helper()
	counts := p.load(t, run)
	p.First.Signal(t, syscall.SIGTERM)
	p.First.Log.Await(t, "lame duck")
	time.Sleep(propagation)
	p.switched.Store(true)
	p.First.EndedWell(t)
	result := counts()
	CheckNothingLost(t, result, p.First)
	p.Second.Signal(t, os.Interrupt)
	p.Second.EndedWell(t)
	return result
}

// Kill does the same with SIGKILL: it is an error of the test if run did not
// see that anything was lost, for then its zero would mean nothing.
func Kill(t *testing.T, run load.Load, args ...string) load.Result {
	t.Helper()
	return SeesLoss(t, os.Kill, run, args...)
}

// SeesLoss is Kill with a signal at which the program exits badly.
func SeesLoss(t *testing.T, signal os.Signal, run load.Load, args ...string) load.Result {
	t.Helper()
	pair := &Pair{First: Start(t, args...), Second: Start(t, args...)}
	counts := pair.load(t, run)
	pair.First.Signal(t, signal)
	pair.First.Wait(t)
	time.Sleep(propagation)
	pair.switched.Store(true)
	result := counts()
	if result.Lost == 0 {
		t.Errorf("the server ended badly, and of %d attempts of the load none was lost", result.Attempts)
	}
	t.Logf("%d of %d lost: %v", result.Lost, result.Attempts, result.Reasons)
	return result
}

// EndedWell waits for the exit, which must be a good one.
func (p *Program) EndedWell(t *testing.T) {
	t.Helper()
	code := p.Wait(t)
	if code != 0 || !strings.Contains(p.Log.String(), "nothing was cut") {
		t.Errorf("exit code %d, want 0 and that nothing was cut:\n%s", code, p.Log)
	}
}

// CheckNothingLost reports what was lost, with the log of p beside it.
func CheckNothingLost(t *testing.T, result load.Result, p *Program) {
	t.Helper()
	t.Logf("%d attempts, asked to leave: %v", result.Attempts, result.Asked)
	if result.Lost > 0 {
		t.Errorf("%d of %d attempts were lost, %v:\n%s\nlog:\n%s",
			result.Lost, result.Attempts, result.Reasons, strings.Join(result.Details, "\n"), p.Log)
	}
}

func (p *Pair) dial(ctx context.Context) (net.Conn, error) {
	to := p.First
	if p.switched.Load() {
		to = p.Second
	}
	return new(net.Dialer).DialContext(ctx, string(to.Network), to.Addr)
}

// load starts run and returns when it is well under way. counts ends it and
// returns what it came to.
func (p *Pair) load(t *testing.T, run load.Load) (counts func() load.Result) {
	t.Helper()
	return Load(t, func(ctx context.Context, tally *load.Tally) { run(ctx, p.dial, tally) })
}

// Load starts run and returns when it is well under way. counts lets it go on
// for a while, ends it and returns what it came to.
func Load(t *testing.T, run func(context.Context, *load.Tally)) (counts func() load.Result) {
	t.Helper()
	var tally load.Tally
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, &tally)
	}()
	t.Cleanup(func() {
		end()
		<-ended
	})
	awaitAttempts(t, &tally, enough)
	return func() load.Result {
		awaitAttempts(t, &tally, tally.Result().Attempts+enough)
		end()
		<-ended
		return tally.Result()
	}
}

// enough attempts make a load that is well under way.
const enough = 50

func awaitAttempts(t *testing.T, tally *load.Tally, n int) {
	t.Helper()
	for start := time.Now(); tally.Result().Attempts < n; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > hung {
			t.Fatalf("the load came to a halt: %+v", tally.Result())
		}
	}
}
