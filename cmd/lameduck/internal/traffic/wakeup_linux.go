package traffic

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// fdWakeup is a timerfd in the runtime's poller. The poller's own timers are
// rounded up to whole milliseconds (epoll_wait), which at 2000 attempts per
// second would fire two at once; a timerfd is some 60 µs late and needs no
// thread and no spinning.
type fdWakeup struct {
	file *os.File
	fd   int
}

func newWakeup() wakeup {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return newTimerWakeup()
	}
	return fdWakeup{os.NewFile(uintptr(fd), "timerfd"), fd}
}

func (a fdWakeup) wait(d time.Duration) bool {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, d.Nanoseconds()))}
	if err := unix.TimerfdSettime(a.fd, 0, &spec, nil); err != nil {
		return false
	}
	var expirations [8]byte
	_, err := a.file.Read(expirations[:])
	return err == nil
}

// A deadline rather than a close: wait may be about to use the descriptor.
func (a fdWakeup) stop() { _ = a.file.SetReadDeadline(time.Unix(1, 0)) }

func (a fdWakeup) close() { _ = a.file.Close() }
