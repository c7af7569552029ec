package lab

import "time"

// serve runs until the lab is closed and every pod has exited.
func (l *loop) serve() {
	defer close(l.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for closed := l.ctx.Done(); closed != nil || l.running > 0; {
		select {
		case <-closed:
			closed = nil
			l.shutDown()
		case <-l.mail.wake:
			for _, f := range l.mail.take() {
				l.do(entry{time.Now(), f})
			}
		case <-timer.C:
			for e, due := l.agenda.due(time.Now()); due; e, due = l.agenda.due(time.Now()) {
				l.do(e)
			}
		}
		timer.Reset(l.agenda.wait(time.Now()))
	}
}

// do makes one change and runs every controller. A lab that is closing only
// waits for its pods to exit.
func (l *loop) do(e entry) {
	l.due = e.at
	e.do()
	if l.ctx.Err() != nil {
		return
	}
	l.reconcile()
	l.publish()
	l.advance()
}

// shutDown is the first step of closing; every run kills its own pod.
func (l *loop) shutDown() {
	l.agenda = nil
	l.finish(errClosed)
	for _, n := range l.nodes {
		n.show(&slice{})
	}
}
