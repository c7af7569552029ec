package lab

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// behaviour is the lifecycle of a fake pod.
type behaviour struct {
	startErr      error
	slow          time.Duration // to start
	quit          time.Duration // exits this long after it became ready, and is not restarted
	warmUp        time.Duration // until it is ready; negative: never
	crash         time.Duration // exits after this, if it was not ready by then
	unready       time.Duration // fails its probe for ever this long after it became ready
	flap          time.Duration // its readiness changes this often
	drain         time.Duration // from Terminate to its exit
	unreadyAtOnce bool          // is not ready any more from Terminate on
	emitted       string        // its Status
	elsewhere     time.Duration // until then, since the start of the lab, it does not listen on the port of the load
	forGood       bool          // and that is final
	output        []string      // its last lines
}

// fakePod is a process with a scripted lifecycle.
type fakePod struct {
	name      string
	does      behaviour
	emit      func(timeline.Event)
	clock     timeline.Clock
	terminate chan time.Duration
	kill      chan struct{}
	killOnce  func()
	done      chan struct{}
}

func (p *fakePod) emitKind(kind timeline.Kind, detail string) {
	p.emit(timeline.Event{At: p.clock.Now(), Pod: p.name, Kind: kind, Detail: detail})
}

func (p *fakePod) active() {
	defer close(p.done)
	p.emitKind(timeline.Started, "")
	ready, crash, unready, again, quit := after(p.does.warmUp), after(p.does.crash), after(0), after(0), after(0)
	for {
		select {
		case <-ready:
			p.emitKind(timeline.Ready, "")
			quit = after(p.does.quit)
			crash, unready = nil, cmp.Or(after(p.does.unready), after(p.does.flap))
		case <-unready:
			p.emitKind(timeline.Unready, "")
			again = after(p.does.flap)
		case <-again:
			ready = after(ms)
		case <-crash:
			p.emit(timeline.Event{At: p.clock.Now(), Pod: p.name, Kind: timeline.Exited, Code: 3})
			p.emitKind(timeline.Restarted, "")
			ready, crash = nil, nil
		case <-quit:
			p.emitKind(timeline.Exited, "")
			return
		case <-p.kill:
			p.emit(timeline.Event{At: p.clock.Now(), Pod: p.name, Kind: timeline.Exited, Code: 137, Signal: "SIGKILL"})
			return
		case grace := <-p.terminate:
			p.emitKind(timeline.Signalled, grace.String())
			p.leave()
			return
		}
	}
}

func (p *fakePod) leave() {
	if p.does.unreadyAtOnce {
		p.emitKind(timeline.Unready, "")
	}
	select {
	case <-time.After(p.does.drain):
	case <-p.kill:
	}
	p.emitKind(timeline.Exited, "")
}

// after is time.After, but never for a duration of zero or less.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

func (p *fakePod) Terminate(grace time.Duration) { p.terminate <- grace }

func (p *fakePod) Status() string { return p.does.emitted }

func (p *fakePod) Trouble() (why string, final bool) {
	if p.does.elsewhere > 0 && p.clock.Now() < p.does.elsewhere {
		return "it listens elsewhere", p.does.forGood
	}
	return "", false
}

func (p *fakePod) LastOutput() []string { return p.does.output }

func (p *fakePod) Done() <-chan struct{} { return p.done }

func (p *fakePod) Close() error {
	p.killOnce()
	<-p.done
	return nil
}

func (p *fakePod) Dial(context.Context) (net.Conn, error) {
	select {
	case <-p.done:
		return nil, fmt.Errorf("dial %s: %w", p.name, syscall.EHOSTUNREACH)
	default:
		client, server := net.Pipe()
		server.Close()
		return client, nil
	}
}

// stage is a lab over fake pods, and what it emitted.
type stage struct {
	*Lab
	t      *testing.T
	clock  timeline.Clock
	script func(number int) behaviour

	mu     sync.Mutex
	events []timeline.Event
}

// steadyPods are ready after 100 ms and a bit (so that no two are at the same
// time) and drain for 5 s.
func steadyPods(number int) behaviour {
	return behaviour{warmUp: 100*ms + time.Duration(number)*ms, drain: 5*sec + time.Duration(number)*ms}
}

func newStage(t *testing.T, cfg Config, script func(number int) behaviour) *stage {
	t.Helper()
	s := &stage{t: t, clock: timeline.NewClock(), script: script}
	cfg.Clock = s.clock
	cfg.Emit = s.record
	if cfg.Seed == 0 {
		cfg.Seed = 42
	}
	l, err := newLab(cfg, func(Config) launch { return s.launch })
	if err != nil {
		t.Fatal(err)
	}
	s.Lab = l
	t.Cleanup(func() { l.Close() })
	return s
}

func (s *stage) record(e timeline.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *stage) launch(_ context.Context, name string, _ netip.Addr, emit func(timeline.Event)) (process, error) {
	does := s.script(numberOf(name))
	if does.startErr != nil {
		return nil, does.startErr
	}
	p := &fakePod{
		name: name, does: does, emit: emit, clock: s.clock,
		terminate: make(chan time.Duration, 1), kill: make(chan struct{}), done: make(chan struct{}),
	}
	p.killOnce = sync.OnceFunc(func() { close(p.kill) })
	go p.active()
	time.Sleep(does.slow)
	return p, nil
}

func numberOf(name string) int {
	name, _, _ = strings.Cut(name, "#")
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		panic(err)
	}
	return n
}

// start starts the lab, or ends the test.
func (s *stage) start() {
	s.t.Helper()
	if err := s.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// act runs an action and returns only the events during it.
func (s *stage) act(a timeline.Action) []timeline.Event {
	s.t.Helper()
	synctest.Wait()
	before := len(s.emitted())
	if err := s.Act(s.t.Context(), a); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
	return s.emitted()[before:]
}

func (s *stage) emitted() []timeline.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// summary lists the events of a rollout in order of time: +1 created, r1 ready,
// -1 deleted, x1 exited. Events at the same moment are listed cause before
// effect, and then in order of the pods.
func summary(events []timeline.Event) string {
	const marks = "xr-+"
	mark := map[timeline.Kind]string{timeline.Ready: "r", timeline.Deleted: "-", timeline.Started: "+", timeline.Exited: "x"}
	reported := slices.DeleteFunc(slices.Clone(events), func(e timeline.Event) bool { return mark[e.Kind] == "" })
	slices.SortFunc(reported, func(a, b timeline.Event) int {
		return cmp.Or(
			cmp.Compare(a.At, b.At),
			cmp.Compare(strings.Index(marks, mark[a.Kind]), strings.Index(marks, mark[b.Kind])),
			cmp.Compare(numberOf(a.Pod), numberOf(b.Pod)),
		)
	})
	words := make([]string, len(reported))
	for i, e := range reported {
		words[i] = mark[e.Kind] + strconv.Itoa(numberOf(e.Pod))
	}
	return strings.Join(words, " ")
}

// workload is a Deployment of so many replicas with Kubernetes' defaults.
func workload(replicas int) *manifest.Workload {
	return &manifest.Workload{
		Name:     "app",
		Replicas: replicas,
		Strategy: manifest.Strategy{
			Type:           "RollingUpdate",
			MaxSurge:       manifest.IntOrPercent{Value: 25, Percent: true},
			MaxUnavailable: manifest.IntOrPercent{Value: 25, Percent: true},
		},
		Pod: manifest.Pod{Grace: 30 * time.Second},
	}
}
