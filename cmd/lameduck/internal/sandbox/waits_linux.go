package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// waits reads /proc/PID/task/TID/schedstat: the time on a processor, the time in
// which the thread was ready and had none, both in ns, and how often it got one
// (Documentation/scheduler/sched-stats.rst). The second has what a quota of the
// control group took.
func waits(pids []int) map[int]time.Duration {
	var found map[int]time.Duration
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/task/", pid)
		threads, _ := os.ReadDir(dir) // none: it has ended
		for _, thread := range threads {
			tid, _ := strconv.Atoi(thread.Name())
			waited, ok := readWait(dir + thread.Name() + "/schedstat")
			if ok && found == nil {
				found = map[int]time.Duration{}
			}
			if ok {
				found[tid] = waited
			}
		}
	}
	return found
}

func readWait(path string) (waited time.Duration, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, false
	}
	ns, err := strconv.ParseInt(fields[1], 10, 64)
	return time.Duration(ns), err == nil
}
