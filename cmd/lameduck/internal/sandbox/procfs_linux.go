package sandbox

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// listener is a socket that listens.
type listener struct {
	addr  netip.AddrPort
	inode string
}

// listeningSockets are those of the network namespace that the process is in.
func listeningSockets(pid int) (found []listener) {
	for _, name := range []string{"tcp", "tcp6"} {
		f, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		if err != nil {
			continue // it has ended, or there is no IPv6
		}
		found = append(found, parseListening(f)...)
		f.Close()
	}
	return found
}

const (
	tcpListen  = "0A" // the state LISTEN in /proc/net/tcp (include/net/tcp_states.h)
	inodeField = 9
)

// parseListening reads the format of proc_net_tcp(5):
//
//	sl  local_address rem_address   st ... inode
//	 0: 0100007F:1F90 00000000:0000 0A ... 12345
func parseListening(r io.Reader) (found []listener) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= inodeField || fields[3] != tcpListen {
			continue
		}
		if addr, ok := parseProcAddr(fields[1]); ok {
			found = append(found, listener{addr, fields[inodeField]})
		}
	}
	return found
}

// parseProcAddr reads 0100007F:1F90. The address is printed as words of 32
// bits, each of them a number in the byte order of the host.
func parseProcAddr(s string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	addr, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), ok && err == nil
}

// catches reads the masks of handled and of blocked signals, proc_pid_status(5).
func catches(pid int, sig syscall.Signal) bool { return masked(pid, sig, "SigCgt", "SigBlk") }

// harmless are the signals that no process ends by.
var harmless = []syscall.Signal{syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGURG, syscall.SIGWINCH, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU}

// endsByDefault reports whether a signal has its default action, signal(7), and
// that is to end the process.
func endsByDefault(pid int, sig syscall.Signal) bool {
	return sig != syscall.SIGKILL && !slices.Contains(harmless, sig) && !masked(pid, sig, "SigCgt", "SigBlk", "SigIgn")
}

// masked reports whether a signal is in one of the masks of the process. One
// that has ended has none.
func masked(pid int, sig syscall.Signal, masks ...string) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if !slices.Contains(masks, name) {
			continue
		}
		mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err == nil && mask&(1<<(sig-1)) != 0 {
			return true
		}
	}
	return false
}
