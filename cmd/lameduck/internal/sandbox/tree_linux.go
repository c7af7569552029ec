package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func tree(root int) (all []ProcessInfo) {
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		info, ok := inspect(queue[0])
		if !ok {
			continue // it has ended
		}
		all = append(all, info)
		queue = append(queue, children(queue[0])...)
	}
	return all
}

// children reads those of every thread of a process, proc_pid_task(5).
func children(pid int) (pids []int) {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		if err != nil {
			continue
		}
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// clockTick is the unit of the times in proc_pid_stat(5): USER_HZ is 100 on
// every architecture of Linux that Go supports.
const clockTick = 10 * time.Millisecond

func inspect(pid int) (info ProcessInfo, ok bool) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return info, false
	}
	info = ProcessInfo{PID: pid, CPU: cpuTime(stat), Sockets: map[string]bool{}}
	command, _ := os.ReadFile(dir + "cmdline")
	for word := range bytes.SplitSeq(bytes.TrimRight(command, "\x00"), []byte{0}) {
		info.Command = append(info.Command, string(word))
	}
	info.Program, _ = os.Readlink(dir + "exe")
	files, _ := os.ReadDir(dir + "fd")
	for _, f := range files {
		to, _ := os.Readlink(dir + "fd/" + f.Name())
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			info.Sockets[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return info, true
}

// exiting is a flag of a process that closes its files because it ends: PF_EXITING of
// include/linux/sched.h.
const exiting = 0x4

// runs reads the state and the flags of a process in proc_pid_stat(5).
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 7 || fields[0] == "Z" || fields[0] == "X" {
		return false
	}
	flags, _ := strconv.ParseUint(fields[6], 10, 32)
	return flags&exiting == 0
}

// cpuTime is utime and stime: the fields 14 and 15, counted from the end of the
// name, which may have spaces.
func cpuTime(stat []byte) time.Duration {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}
