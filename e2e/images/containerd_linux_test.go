package images

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// node is a containerd in namespaces of its own: mounts, processes and
// network end with it, and it ends with the test. All that it stores is on a
// tmpfs there.
type node struct {
	pid  int
	logs string
}

const settings = `version = 2
root = "/run/store"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "/run/containerd/containerd.sock"
`

// boot is what process 1 of a node does before it is containerd.
const boot = `mount -t proc proc /proc && mount -t tmpfs tmpfs /run && ip link set lo up && exec containerd --config "$0"`

func startNode(t *testing.T) *node {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("running containerd takes root")
	}
	for _, program := range []string{"containerd", "ctr", "runc", "nsenter", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("no container can be run: ", err)
		}
	}
	config := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // Pdeathsig goes by the thread
	t.Cleanup(runtime.UnlockOSThread)
	cmd := exec.Command("sh", "-c", boot, config)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
		Unshareflags: syscall.CLONE_NEWNS, // which also makes the mounts private
		Pdeathsig:    syscall.SIGKILL,
	}
	logFile, err := os.Create(filepath.Join(filepath.Dir(config), "containerd.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if err := cmd.Start(); err != nil {
		t.Skip("no namespaces: ", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); logFile.Close() })
	n := &node{cmd.Process.Pid, t.TempDir()}
	eventually(t, "containerd answers", func() bool { _, err := n.ctr(t.Context(), "version"); return err == nil })
	return n
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1200 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("it did not come: ", what)
}

// enter runs a command inside the node.
func (n *node) enter(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "nsenter", append([]string{
		"--target", strconv.Itoa(n.pid), "--mount", "--net", "--pid", "--"}, args...)...).CombinedOutput()
	return string(out), err
}

func (n *node) ctr(ctx context.Context, args ...string) (string, error) {
	return n.enter(ctx, append([]string{"ctr", "-n", "k8s.io"}, args...)...)
}

func (n *node) mustCtr(t *testing.T, args ...string) string {
	t.Helper()
	out, err := n.ctr(t.Context(), args...)
	if err != nil {
		t.Fatalf("ctr %v: %v\n%s", args, err, out)
	}
	return out
}

// restricted are the arguments of ctr run for what Pod Security's restricted
// level asks of a container. It allows no new privileges by itself.
func restricted() []string {
	args := []string{"run", "--read-only", "--seccomp", "--net-host", "--cgroup", ""}
	for name := range strings.FieldsSeq("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE") {
		args = append(args, "--cap-drop", "CAP_"+name)
	}
	return args
}

// run starts a container, which is called id, by the image's entrypoint. The
// server to be goes by the environment: arguments would replace the entrypoint.
func (n *node) run(t *testing.T, ref, id, server string) {
	t.Helper()
	log := "file://" + filepath.Join(n.logs, id)
	n.mustCtr(t, append(restricted(), "--detach", "--env", "SERVER="+server, "--log-uri", log, ref, id)...)
}

// log is what a container has written so far, line by line.
func (n *node) log(t *testing.T, id string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(n.logs, id))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func (n *node) task(t *testing.T, id string) (pid, status string) {
	t.Helper()
	for line := range strings.Lines(n.mustCtr(t, "task", "ls")) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == id {
			return fields[1], fields[2]
		}
	}
	t.Fatalf("no task %s", id)
	return "", ""
}

// remove ends a container whatever it does, and removes it.
func (n *node) remove(t *testing.T, id string) {
	t.Helper()
	if _, status := n.task(t, id); status != "STOPPED" {
		n.mustCtr(t, "task", "kill", "--signal", "SIGKILL", id)
		n.waitStopped(t, id)
	}
	n.ctr(t.Context(), "task", "delete", id) // exits as the container did
	n.mustCtr(t, "container", "delete", id)
}

func (n *node) waitStopped(t *testing.T, id string) {
	t.Helper()
	eventually(t, id+" stops", func() bool { _, status := n.task(t, id); return status == "STOPPED" })
}

// client dials inside the node, on a connection for each request.
func (n *node) client() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: n.dial}}
}

// dial makes a connection on a thread that has moved into the node's network,
// and that ends with the call.
func (n *node) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	type result struct {
		net.Conn
		error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		conn, err := dialIn(ctx, fmt.Sprintf("/proc/%d/ns/net", n.pid), network, addr)
		done <- result{conn, err}
	}()
	r := <-done
	return r.Conn, r.error
}

func dialIn(ctx context.Context, namespace, network, addr string) (net.Conn, error) {
	f, err := os.Open(namespace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}
