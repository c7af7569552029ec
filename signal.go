package lameduck

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// RunUntilSignal is [Process.Run] until SIGTERM or SIGINT. SIGTERM, the
// kubelet's, begins the lame duck. SIGINT, a person's at a terminal, skips
// Delay and Quiet. A second signal cuts what is in flight and runs the
// closers within Reserve; a third kills.
func (p *Process) RunUntilSignal() error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer func() { go signal.Stop(signals) }() // the process is about to exit, and need not wait for that
	ended := make(chan struct{})
	defer close(ended)
	return p.run(context.Background(), func() { p.obey(signals, ended) })
}

func (p *Process) obey(signals chan os.Signal, ended chan struct{}) {
	var d *drain
	select {
	case first := <-signals:
		d = p.begin(signalName(first), true)
		if first == os.Interrupt {
			d.hurry.set()
		}
	case <-ended:
		return
	}
	select {
	case second := <-signals:
		p.Log.Warn("second signal: ending at once", "signal", signalName(second))
		d.cut.set()
		signal.Stop(signals)
	case <-ended:
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
