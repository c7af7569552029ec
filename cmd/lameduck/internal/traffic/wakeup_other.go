//go:build !linux

package traffic

func newWakeup() wakeup { return newTimerWakeup() }
