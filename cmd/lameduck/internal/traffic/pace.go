package traffic

import "time"

// due is the moment of tick n of a pattern that starts rate attempts per
// second, counted from its first. It is a pure function of n, so that no
// lateness adds up, and can't overflow within a lifetime.
func due(n int64, rate int) time.Duration {
	whole, rest := n/int64(rate), n%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}

// phase is how much later than the first pattern the i-th of count begins, so
// that together they sample a server more finely than each alone.
func phase(i, count, rate int) time.Duration {
	return due(1, rate) * time.Duration(i) / time.Duration(count)
}

// alarm wakes one goroutine at given moments.
type alarm interface {
	// wait returns true after d, or false if stop was called before.
	wait(d time.Duration) bool
	// stop ends wait, now and for ever; it may be called at any time.
	stop()
	// close frees it; nothing may be called afterwards.
	close()
}

// timerAlarm is the alarm of the runtime: where it sleeps in the poller, as
// on Linux, up to a millisecond late.
type timerAlarm struct{ stopped chan struct{} }

func newTimerAlarm() timerAlarm { return timerAlarm{make(chan struct{})} }

func (a timerAlarm) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.stopped:
		return false
	}
}

func (a timerAlarm) stop()  { close(a.stopped) }
func (a timerAlarm) close() {}
