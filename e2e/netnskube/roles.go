//go:build linux

package netnskube

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// rolePrefix begins the name under which this program starts itself in a role.
const rolePrefix = "netnskube-"

var roles = map[string]func([]string) error{
	"keeper": keeperMain,
	"init":   initMain,
	"enter":  enterMain,
	"tether": tetherMain,
}

// ready is set when Main has been called: only then can this program be started
// in a role.
var ready bool

// Main runs the role with which this program was started, if there is one, and exits.
// A program that uses this package calls it first thing in main or TestMain,
// because a cluster's processes are this program, started again.
func Main() {
	ready = true
	name, isRole := strings.CutPrefix(os.Args[0], rolePrefix)
	play := roles[name]
	if !isRole || play == nil {
		return
	}
	runtime.LockOSThread() // namespaces and parent-death signals are a thread's, and this one lasts
	if err := play(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
	os.Exit(0)
}

// role is this program in a role.
func role(name string, args ...string) *exec.Cmd {
	return &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{rolePrefix + name}, args...)}
}
