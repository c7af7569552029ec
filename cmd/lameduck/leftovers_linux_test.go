package main

import (
	"bytes"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// trees of processes that the tool starts, each with how it is known that it
// is in the middle of its work.
var trees = map[string]struct {
	args []string
	busy func(mark) bool
	// plain: where there are no network namespaces. Then no kernel ends what
	// the pods started, and a guard has to.
	plain bool
	// early: it may not listen to signals yet.
	early bool
}{
	// The pod has a child, a grandchild, and one that left its session.
	"forks": {
		args: []string{"verify", "--rate", "20", "--propagation", "300ms", "--", "sh", "-c", "sleep 999 & (sleep 999 & setsid sleep 999 &); exec faulty clean"},
		busy: func(m mark) bool { return m.running("^sleep 999") >= 6 }, // of two pods: a rollout
	},
	// The same without the one that left: it is out of every guard's reach.
	"plain": {
		args:  []string{"verify", "--rate", "20", "--propagation", "300ms", "--", "sh", "-c", "sleep 999 & (sleep 999 & sleep 999 &); exec faulty clean"},
		busy:  func(m mark) bool { return m.running("^sleep 999") >= 6 },
		plain: true,
	},
	"starting": {
		args: []string{"verify", "--", "sh", "-c", "sleep 999 & faulty idles"},
		busy: func(m mark) bool { return m.running("^faulty idles") >= 1 },
	},
	"early": {
		args:  []string{"verify", "--ready-timeout", "3m", "--", "faulty", "idles"},
		busy:  func(m mark) bool { return m.running("lameduck verify") >= 1 },
		early: true,
	},
	"demo": {
		args: []string{"demo"},
		busy: func(m mark) bool { return m.running("tutorial-server") >= 4 },
	},
}

// ends of the tool, and whether the tool can handle them.
var ends = map[string]struct {
	signal  syscall.Signal
	gently  bool
	toGroup bool // as a terminal does, to all in the foreground
}{
	"Ctrl-C": {syscall.SIGINT, true, true},
	"term":   {syscall.SIGTERM, true, false},
	"crash":  {syscall.SIGQUIT, false, false}, // to Go's runtime, what a panic is
	"kill":   {syscall.SIGKILL, false, false},
}

// TestNothingIsLeft ends the tool in the middle of its work: every tree with
// every end, and either with both users. With -short it does half of them, so that
// each tree and each end still meets both users.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	users := []string{"root", "unprivileged"}
	for i, tree := range slices.Sorted(maps.Keys(trees)) {
		for j, end := range slices.Sorted(maps.Keys(ends)) {
			user := users[(i+j)%2]
			if after := (j - i%len(ends) + len(ends)) % len(ends); testing.Short() && after > 1 {
				continue
			}
			t.Run(user+"/"+tree+"/"+end, func(t *testing.T) {
				t.Parallel()
				defer thisMachine.take(func() int { return 1 })()
				endsWithout(t, user, tree, end)
			})
		}
	}
}

func endsWithout(t *testing.T, user, tree, end string) {
	m := newMark()
	cmd, temporary := as(t, user, m, trees[tree].args)
	if trees[tree].plain {
		withoutNetworks(t, cmd)
	}
	var talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &talk
	cmd.WaitDelay = 10 * time.Second // a remaining process may hold it open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := eventually(func() bool { return trees[tree].busy(m) })
	pid := cmd.Process.Pid
	if ends[end].toGroup {
		pid = -pid
	}
	_ = syscall.Kill(pid, ends[end].signal)
	_ = cmd.Wait()
	if !ready {
		t.Fatalf("it did not start working:\n%s", talk.String())
	}
	if left := m.survivors(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if !eventually(func() bool { return len(runningFrom(cmd.Dir)) == 0 }) {
		t.Errorf("left: %v", runningFrom(cmd.Dir))
	}
	if files, _ := os.ReadDir(temporary); len(files) > 0 {
		t.Errorf("files left: %v", files)
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	code := syscall.Signal(status.ExitStatus() - 128) // of a copy in namespaces, which gets SIGTERM if its parent got the signal too early
	unhandled := trees[tree].early && ok && (status.Signaled() || code == ends[end].signal || code == syscall.SIGTERM)
	if ends[end].gently && !unhandled {
		interrupted(t, cmd, talk.String())
	}
}

// interrupted checks the one line of output, and the exit code.
func interrupted(t *testing.T, cmd *exec.Cmd, talk string) {
	if code := cmd.ProcessState.ExitCode(); code != 3 || strings.Count(talk, "lameduck: interrupted") != 1 || strings.Contains(talk, "goroutine") {
		t.Errorf("%v, want exit code 3; output:\n%s", cmd.ProcessState, talk)
	}
}

// as is the tool run by root, or by an unprivileged user, in a process group of
// its own and with a folder for its temporary files.
func as(t *testing.T, user string, m mark, args []string) (cmd *exec.Cmd, temporary string) {
	temporary = t.TempDir()
	attr := &syscall.SysProcAttr{Setpgid: true}
	if user == "root" && os.Getuid() != 0 {
		t.Skip("we are not root")
	}
	bin := forAll(t)
	if user == "unprivileged" && os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chmod(temporary, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd = exec.Command(bin, args...)
	cmd.SysProcAttr = attr
	cmd.Dir = filepath.Dir(bin)
	cmd.Env = append(os.Environ(), m.String(), "TMPDIR="+temporary, "PATH="+filepath.Dir(bin)+":"+os.Getenv("PATH"),
		"LAMEDUCK_DELAY=2s", "LAMEDUCK_QUIET=300ms")
	return cmd, temporary
}

// withoutNetworks runs the command where there can be no network namespaces.
func withoutNetworks(t *testing.T, cmd *exec.Cmd) {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip(err)
	}
	cmd.Path, cmd.Args = unshare, append([]string{"unshare", "--user", "--map-root-user", "sh", "-c",
		`echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"`, "sh"}, cmd.Args...)
}

// runningFrom lists the processes with a program in the folder. Those that
// are started without any environment have no mark.
func runningFrom(dir string) (links []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range all {
		if program, err := os.Readlink(link); err == nil && strings.HasPrefix(program, dir+"/") {
			links = append(links, link)
		}
	}
	return links
}

// forAll puts the programs in a folder of their own, where every user may run
// them, and by which their processes are found.
func forAll(t *testing.T) (tool string) {
	dir, err := os.MkdirTemp("", "lameduck-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lameduck", "faulty"} {
		copyProgram(t, filepath.Join(programs, name), filepath.Join(dir, name))
	}
	return filepath.Join(dir, "lameduck")
}

func copyProgram(t *testing.T, from, to string) {
	if os.Link(from, to) == nil {
		return
	}
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}
