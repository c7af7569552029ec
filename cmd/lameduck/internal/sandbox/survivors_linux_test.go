package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// mark is how the processes of a test are found among all others: it is in
// their environment.
const mark = "TEST_MARK"

// tool is a program that holds a pod of each form, with children and a hook,
// until it is killed.
func tool() {
	_ = sandbox.Enter(context.Background()) // without namespaces both pods are plain
	env := append(os.Environ(), "TEST_PROGRAM=")
	tree := []string{"-c", "sleep 1000 & (sleep 1000 & sleep 1000); sleep 1000"}
	var last *sandbox.Process
	for _, isolated := range []bool{false, sandbox.Available() == nil} {
		p, err := sandbox.Start(sandbox.Config{Path: "sh", Args: tree, Env: env, Isolated: isolated, IP: netip.MustParseAddr("10.244.0.9")})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		last = p
	}
	go last.Exec(context.Background(), []string{"sh", "-c", "sleep 1000; :"})
	fmt.Println("up", os.Getpid(), sandbox.Available() == nil)
	time.Sleep(time.Hour)
}

// marked lists the processes that have the mark in their environment.
func marked(value string) (pids []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, _ := os.ReadFile(file)
		if strings.Contains("\x00"+string(env), "\x00"+mark+"="+value+"\x00") {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// TestNothingSurvivesKill kills a program that holds pods in the middle of it.
func TestNothingSurvivesKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	runAndKill(t, exec.Command(self))
}

// TestNothingSurvivesKillOfAnUnprivilegedUser does the same as a user who is
// not root: Enter gives namespaces by a second process.
func TestNothingSurvivesKillOfAnUnprivilegedUser(t *testing.T) { runAndKill(t, asUnprivilegedUser(t)) }

// runEntered ends with code 9 after SIGTERM, wherever Enter has put it.
func runEntered() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if err := sandbox.Enter(context.Background()); err != nil {
		fmt.Println("up, but", err)
	} else {
		fmt.Println("up as", os.Getuid(), os.Args[1:], os.Getenv("LAMEDUCK_ENTERED"))
	}
	<-stop
	os.Exit(9)
}

// TestEnter: the copy that Enter starts has the arguments, gets the signals and
// gives the exit code.
func TestEnter(t *testing.T) {
	cmd := asUnprivilegedUser(t)
	cmd.Args = append(cmd.Args, "one", "two")
	cmd.Env = append(os.Environ(), "TEST_PROGRAM=entered")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if want := "up as 0 [one two] \n"; line != want && !strings.HasPrefix(line, "up, but no namespaces") {
		t.Errorf("the program wrote %q, %v, want %q", line, err, want)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("%v, want 9", cmd.ProcessState)
	}
}

// asUnprivilegedUser is a copy of this program run by a user who is not root, if we
// may do that; else we are not root anyhow.
func asUnprivilegedUser(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(readableCopy(t))
	cmd.Dir = "/"
	if os.Getuid() == 0 && allUsers() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// allUsers distinguishes the host's user namespace from one with a single user.
func allUsers() bool {
	users, _ := os.ReadFile("/proc/self/uid_map")
	return strings.HasSuffix(strings.TrimSpace(string(users)), " 4294967295")
}

func runAndKill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	value := fmt.Sprint(t.Name(), os.Getpid())
	cmd.Env = append(os.Environ(), "TEST_PROGRAM=tool", mark+"="+value)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	t.Log(line)
	if err != nil || !strings.HasPrefix(line, "up") {
		cmd.Process.Kill()
		t.Fatalf("the program wrote %q, %v", line, err)
	}
	const tree = 5 // the shell, its subshell, three sleeps
	eventually(t, "both pods have their children", func() bool { return len(marked(value)) >= 2*tree })
	cmd.Process.Kill()
	cmd.Wait()
	eventually(t, "nothing is left", func() bool { return len(marked(value)) == 0 })
}

// readableCopy copies the test binary to where every user may run it.
func readableCopy(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lameduck-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tool")
	if err := os.WriteFile(path, self, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
