package lameduck

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// RunUntilSignal is [Process.Run] until ctx ends or a signal comes, whichever is
// first. stop are the signals that begin the lame duck; if there are none it is SIGTERM,
// which the kubelet sends unless STOPSIGNAL of the image names another. SIGINT,
// from a terminal, skips Delay and Quiet, unless it is one of stop. A second signal
// cuts what is in flight and leaves the closers Reserve at most; a third kills the
// process. The same signal again within one second counts once. The end of ctx and a
// call of [Process.Terminate] do not count as signals: after them too, only the second
// signal cuts.
func (p *Process) RunUntilSignal(ctx context.Context, stop ...os.Signal) error {
	if len(stop) == 0 {
		stop = []os.Signal{syscall.SIGTERM}
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, append(slices.Clone(stop), os.Interrupt)...)
	defer func() { go signal.Stop(signals) }() // signal.Stop may wait, and the process is about to exit
	ended := make(chan struct{})
	defer close(ended)
	return p.run(ctx, func() {
		if ctx.Done() != nil {
			go p.followContext(ctx, ended)
		}
		p.followSignals(signals, stop, ended)
	})
}

// oneSignal is for how long after the first signal the same signal again is not a second
// one: supervisors that signal a process group and the process send it twice.
const oneSignal = time.Second

// followSignals turns signals into orders; stop are those that do not skip the lame
// duck.
func (p *Process) followSignals(signals chan os.Signal, stop []os.Signal, ended chan struct{}) {
	first, ok := nextSignal(signals, ended)
	if !ok {
		return
	}
	p.submit(order{by: signalName(first), hurry: first == os.Interrupt && !slices.Contains(stop, first)})
	at := time.Now()
	second, ok := nextSignal(signals, ended)
	for ok && second == first && time.Since(at) < oneSignal {
		second, ok = nextSignal(signals, ended)
	}
	if !ok {
		return
	}
	p.log.Warn("second signal: ending at once", "signal", signalName(second))
	p.submit(order{by: signalName(second), cut: true})
	signal.Stop(signals)
}

// nextSignal waits for a signal; ok is false if Run has ended before one came.
func nextSignal(signals chan os.Signal, ended chan struct{}) (s os.Signal, ok bool) {
	select {
	case s := <-signals:
		return s, true
	case <-ended:
		return nil, false
	}
}

func signalName(s os.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case os.Interrupt:
		return "SIGINT"
	}
	return s.String()
}
