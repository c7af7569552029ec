package workers

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// link is the coordinator's end of the stream to one worker.
type link struct {
	index  int
	pod    string
	clock  timeline.Clock // the coordinator's
	record func(*link, []timeline.Attempt)
	orders chan wire.Order
	said   lastWords // what it wrote to stderr

	hello   chan wire.Hello
	pongs   chan struct{} // one for each
	started chan struct{}
	done    chan []wire.Count
	lost    chan struct{} // closed when no more can be expected
	bye     chan struct{} // closed when no more will be told

	mu     sync.Mutex
	err    error // why it was lost
	when   time.Duration
	heard  time.Duration // when it last said anything
	clocks estimate
	ping   uint64
	sent   map[uint64]time.Duration
}

func newLink(index int, pod string, clock timeline.Clock, record func(*link, []timeline.Attempt)) *link {
	return &link{
		index: index, pod: pod, clock: clock, record: record,
		orders: make(chan wire.Order, 64),
		hello:  make(chan wire.Hello, 1), pongs: make(chan struct{}, 64),
		started: make(chan struct{}, 1), done: make(chan []wire.Count, 1),
		lost: make(chan struct{}), bye: make(chan struct{}),
		heard: clock.Now(), sent: map[uint64]time.Duration{},
	}
}

// tell sends an order without waiting. A stream that takes none is lost.
func (l *link) tell(o wire.Order) {
	select {
	case l.orders <- o:
	case <-l.lost:
	default:
		l.fail(errors.New("the stream to it does not move"))
	}
}

// write carries the orders to the stream. It ends when the link is lost, or
// there are no more: then the stream ends, and with it the worker.
func (l *link) write(to io.WriteCloser) {
	defer to.Close()
	for {
		select {
		case <-l.lost:
			return
		case <-l.bye:
			return
		case o := <-l.orders:
			if o.Ping != 0 {
				l.pinged(o.Ping)
			}
			if err := wire.Write(to, o); err != nil {
				l.fail(err)
				return
			}
		}
	}
}

// read takes what the worker says, until the stream ends.
func (l *link) read(from io.Reader) {
	for in := wire.NewLines(from); ; {
		line, err := in.Next()
		received, ours := l.clock.Now(), time.Now()
		if err == io.EOF {
			l.fail(errStreamEnded)
			return
		}
		var w wire.Word
		if err == nil {
			w, err = wire.ParseWord(line)
		}
		if err == nil {
			err = l.take(w, received, ours)
		}
		if err != nil {
			l.fail(err)
			return
		}
	}
}

var errStreamEnded = errors.New("the stream to it ended")

func (l *link) take(w wire.Word, received time.Duration, ours time.Time) error {
	var err error
	switch {
	case w.Hello != nil:
		_ = offer(l.hello, *w.Hello) // it may have been asked twice
	case w.Pong != nil:
		l.ponged(*w.Pong, received, ours)
	case w.Started:
		err = offer(l.started, struct{}{})
	case w.Done != nil:
		err = offer(l.done, w.Done.Counts)
	case w.Failed != "":
		err = saidSo{w.Failed}
	default:
		l.record(l, w.Attempts)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = l.clock.Now()
	return err
}

// saidSo is a worker's own account of its end.
type saidSo struct{ string }

func (s saidSo) Error() string { return s.string }

// offer hands a message over that nobody may be waiting for, but of which
// there can't be two.
func offer[T any](to chan T, v T) error {
	select {
	case to <- v:
		return nil
	default:
		return errors.New("it said the same thing twice")
	}
}

// fail gives the link up. The first reason stands.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err, l.when = err, l.clock.Now()
		close(l.lost)
	}
}

// cause is when the link was lost, and why.
func (l *link) cause() (when time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.when, l.err
}

// silent is how long the worker has said nothing.
func (l *link) silent() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clock.Now() - l.heard
}

// nextPing is an order that asks for the worker's clock.
func (l *link) nextPing() wire.Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ping++
	return wire.Order{Ping: l.ping}
}

func (l *link) pinged(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[n] = l.clock.Now()
}

func (l *link) ponged(p wire.Pong, received time.Duration, ours time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, ok := l.sent[p.Ping]
	if !ok {
		return // an answer to nothing we asked says nothing
	}
	delete(l.sent, p.Ping)
	l.clocks.add(sample{sent: sent, heard: p.Heard, answered: p.Answered, received: received, theirs: p.Wall, ours: ours})
	select {
	case l.pongs <- struct{}{}:
	default: // nobody waits for them
	}
}

// settle fixes the offset: from now on attempts are moved by it.
func (l *link) settle() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clocks.settled = true
	return l.clocks.offset
}

func (l *link) estimate() estimate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clocks
}

// greet checks that the worker speaks our language.
func greet(h wire.Hello) error {
	if h.Protocol == wire.Protocol {
		return nil
	}
	return hint.New(fmt.Errorf("the image has lameduck %s, which speaks another protocol", cmp.Or(h.Version, "of another version")),
		"name an image of this very version with --image")
}
