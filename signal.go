package lameduck

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// RunUntilSignal is [Process.Run] until SIGTERM or SIGINT. SIGTERM, the
// kubelet's, begins the lame duck. SIGINT, a person's at a terminal, skips
// Delay and Quiet. A second signal cuts what is in flight and runs the
// closers within Reserve; a third kills. The same signal again within one second
// is not a second one.
func (p *Process) RunUntilSignal() error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer func() { go signal.Stop(signals) }() // the process is about to exit, and need not wait for that
	ended := make(chan struct{})
	defer close(ended)
	return p.run(context.Background(), func() { p.obey(signals, ended) })
}

// oneSignal is for how long the same stop signal counts as one. Supervisors that
// signal a process group and the process send it twice.
const oneSignal = time.Second

func (p *Process) obey(signals chan os.Signal, ended chan struct{}) {
	first, ok := nextSignal(signals, ended)
	if !ok {
		return
	}
	p.command(order{by: signalName(first), hurry: first == os.Interrupt})
	at := time.Now()
	second, ok := nextSignal(signals, ended)
	for ok && second == first && time.Since(at) < oneSignal {
		second, ok = nextSignal(signals, ended)
	}
	if !ok {
		return
	}
	p.log.Warn("second signal: ending at once", "signal", signalName(second))
	p.command(order{by: signalName(second), cut: true})
	signal.Stop(signals)
}

// nextSignal waits for a signal; ok is false if the process has ended before.
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
