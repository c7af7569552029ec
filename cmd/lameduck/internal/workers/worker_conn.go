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

// workerConn is the coordinator's end of the stream to one worker.
type workerConn struct {
	index    int
	pod      string
	clock    timeline.Clock // the coordinator's
	record   func(*workerConn, []timeline.Attempt)
	commands chan wire.Command
	stderr   lastLine // of its stderr

	hello          chan wire.Hello
	pongs          chan struct{} // one for each
	started        chan struct{}
	done           chan []wire.Count
	lost           chan struct{} // closed when no more can be expected
	noMoreCommands chan struct{} // closed when no more commands will be sent

	mu           sync.Mutex
	err          error // why it was lost
	when         time.Duration
	lastReceived time.Duration // when it last sent anything
	clocks       estimate
	ping         uint64
	sent         map[uint64]time.Duration
}

func newWorkerConn(index int, pod string, clock timeline.Clock, record func(*workerConn, []timeline.Attempt)) *workerConn {
	return &workerConn{
		index: index, pod: pod, clock: clock, record: record,
		commands: make(chan wire.Command, 64),
		hello:    make(chan wire.Hello, 1), pongs: make(chan struct{}, 64),
		started: make(chan struct{}, 1), done: make(chan []wire.Count, 1),
		lost: make(chan struct{}), noMoreCommands: make(chan struct{}),
		lastReceived: clock.Now(), sent: map[uint64]time.Duration{},
	}
}

// send sends a command without waiting. A stream that accepts none is lost.
func (l *workerConn) send(o wire.Command) {
	select {
	case l.commands <- o:
	case <-l.lost:
	default:
		l.fail(errors.New("the stream to it is stalled: the send queue is full"))
	}
}

// write writes the commands to the stream. It ends when the connection is lost,
// or there are no more: then the stream ends, and with it the worker.
func (l *workerConn) write(to io.WriteCloser) {
	defer to.Close()
	for {
		select {
		case <-l.lost:
			return
		case <-l.noMoreCommands:
			return
		case o := <-l.commands:
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

// read handles the messages of the worker, until the stream ends.
func (l *workerConn) read(from io.Reader) {
	for in := wire.NewLines(from); ; {
		line, err := in.Next()
		received, ours := l.clock.Now(), time.Now()
		if err == io.EOF {
			l.fail(errStreamEnded)
			return
		}
		var w wire.Message
		if err == nil {
			w, err = wire.ParseMessage(line)
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

func (l *workerConn) take(w wire.Message, received time.Duration, ours time.Time) error {
	var err error
	switch {
	case w.Hello != nil:
		_ = deliver(l.hello, *w.Hello) // it may have been requested twice
	case w.Pong != nil:
		l.ponged(*w.Pong, received, ours)
	case w.Started:
		err = deliver(l.started, struct{}{})
	case w.Done != nil:
		err = deliver(l.done, w.Done.Counts)
	case w.Failed != "":
		err = workerError{w.Failed}
	default:
		l.record(l, w.Attempts)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastReceived = l.clock.Now()
	return err
}

// workerError is the error with which a worker ended.
type workerError struct{ string }

func (s workerError) Error() string { return s.string }

// deliver passes on a message that may not be waited for, but of which there
// cannot be two.
func deliver[T any](to chan T, v T) error {
	select {
	case to <- v:
		return nil
	default:
		return errors.New("protocol error: duplicate message")
	}
}

// fail marks the connection as lost. The first reason stands.
func (l *workerConn) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err, l.when = err, l.clock.Now()
		close(l.lost)
	}
}

// cause is when the link was lost, and why.
func (l *workerConn) cause() (when time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.when, l.err
}

// silentFor is how long the worker has sent nothing.
func (l *workerConn) silentFor() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clock.Now() - l.lastReceived
}

// nextPing is a command that asks for the worker's clock.
func (l *workerConn) nextPing() wire.Command {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ping++
	return wire.Command{Ping: l.ping}
}

func (l *workerConn) pinged(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[n] = l.clock.Now()
}

func (l *workerConn) ponged(p wire.Pong, received time.Duration, ours time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, ok := l.sent[p.Ping]
	if !ok {
		return // a pong without a ping means nothing
	}
	delete(l.sent, p.Ping)
	l.clocks.add(sample{sent: sent, arrived: p.Received, answered: p.Answered, received: received, theirs: p.Wall, ours: ours})
	select {
	case l.pongs <- struct{}{}:
	default: // not waited for
	}
}

// fixOffset fixes the offset: from now on attempts are moved by it.
func (l *workerConn) fixOffset() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clocks.settled = true
	return l.clocks.offset
}

func (l *workerConn) estimate() estimate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clocks
}

// checkVersion checks that the worker has the same protocol version.
func checkVersion(h wire.Hello) error {
	if h.Protocol == wire.Protocol {
		return nil
	}
	return hint.New(fmt.Errorf("the image has lameduck %s, which has another protocol version", cmp.Or(h.Version, "of another version")),
		"name an image of the same version with --image")
}
