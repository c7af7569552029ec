package traffic

import "time"

// due is the moment of tick n of a pattern that starts rate attempts per
// second, counted from its first. It is a pure function of n, so that no
// lateness adds up, and can't overflow within a lifetime.
func due(n int64, rate int) time.Duration {
	whole, rest := n/int64(rate), n%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}

// phases is how long after the start of a load each of its patterns begins,
// given their rates: those of the same rate take turns at even distances, so
// that together they sample a server more finely than each alone.
func phases(rates []int) []time.Duration {
	count := map[int]int{}
	for _, rate := range rates {
		count[rate]++
	}
	all, before := make([]time.Duration, len(rates)), map[int]int{}
	for i, rate := range rates {
		all[i] = due(1, rate) * time.Duration(before[rate]) / time.Duration(count[rate])
		before[rate]++
	}
	return all
}

// wakeup wakes one goroutine at given moments.
type wakeup interface {
	// wait returns true after d, or false if stop was called before.
	wait(d time.Duration) bool
	// stop ends wait, now and for ever; it may be called at any time.
	stop()
	// close frees it; nothing may be called afterwards.
	close()
}

// timerWakeup is the wakeup of the runtime: where that sleeps in the poller, as
// on Linux, up to a millisecond late.
type timerWakeup struct{ stopped chan struct{} }

func newTimerWakeup() timerWakeup { return timerWakeup{make(chan struct{})} }

func (a timerWakeup) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.stopped:
		return false
	}
}

func (a timerWakeup) stop() { close(a.stopped) }

func (a timerWakeup) close() {}
