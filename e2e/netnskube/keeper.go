//go:build linux

package netnskube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
)

// The file descriptors with which a keeper starts.
const (
	keeperOrders = 3 + iota // the plan and orders, as JSON; its end is the order to end
	keeperNews              // progress and the outcome of the boot, as JSON
	keeperLock              // the lock on the cluster's folder, held as long as the keeper runs
)

// order is what a keeper receives after its plan.
type order struct {
	// Stay: outlive the process that started this keeper.
	Stay bool `json:"stay"`
}

// news is what a keeper reports while it boots the cluster.
type news struct {
	Progress string `json:"progress,omitempty"`
	Up       bool   `json:"up,omitempty"`
	Failed   string `json:"failed,omitempty"`
}

// keeper owns a cluster: its nodes' first processes are its children and are killed when
// it exits, and its own network namespace is the client's.
type keeper struct {
	plan plan
	news *json.Encoder
	wire *wire
	init map[string]*exec.Cmd // by node
}

// keeperMain runs a keeper until it is asked to end, and leaves nothing behind.
// It keeps to its thread: a node's first process is killed when the
// thread that started it ends.
func keeperMain([]string) error {
	for fd := keeperOrders; fd <= keeperLock; fd++ {
		syscall.CloseOnExec(fd)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // the reader of the news may be gone
	orders := json.NewDecoder(os.NewFile(keeperOrders, "orders"))
	k := &keeper{news: json.NewEncoder(os.NewFile(keeperNews, "news")), init: map[string]*exec.Cmd{}}
	if err := orders.Decode(&k.plan); err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	ctx, end := context.WithCancelCause(ctx)
	go func() { end(follow(ctx, orders)) }()
	err := k.boot(ctx)
	if err == nil {
		k.tell(news{Up: true})
		<-ctx.Done()
	}
	if context.Cause(ctx) == errOwnerGone {
		killClients()
	}
	gone := k.tearDown()
	if err != nil {
		k.tell(news{Failed: err.Error()})
	}
	return gone
}

// errOwnerGone is why a keeper ends: the process that booted the cluster has exited, and
// has not called Detach.
var errOwnerGone = errors.New("the process that booted the cluster is gone")

// follow takes orders. It returns errOwnerGone when no process is left to give
// any, and none ordered the keeper to stay.
func follow(ctx context.Context, orders *json.Decoder) error {
	for {
		var o order
		if err := orders.Decode(&o); err != nil {
			return errOwnerGone
		}
		if o.Stay {
			<-ctx.Done()
			return ctx.Err()
		}
	}
}

// killClients kills the processes in the client's network namespace, which is this
// process's own: what an owner that was killed has started there would run for ever.
func killClients() {
	own, err := os.Stat("/proc/self/ns/net")
	if err != nil {
		return
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return
	}
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		if ns, err := os.Stat(filepath.Join(dir, "ns", "net")); err == nil && os.SameFile(own, ns) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
	}
}

func (k *keeper) tell(n news) { _ = k.news.Encode(n) } // the reader may be gone

func (k *keeper) report(format string, args ...any) {
	k.tell(news{Progress: fmt.Sprintf(format, args...)})
}

// isolate makes the control groups, the network and the nodes, all still empty.
func (k *keeper) isolate() error {
	if err := makeCgroups(k.plan); err != nil {
		return err
	}
	if err := leaveBridgesAlone(); err != nil {
		return err
	}
	var err error
	if k.wire, err = newWire(); err != nil {
		return err
	}
	pids := map[string]int{}
	for _, n := range k.plan.Nodes {
		if err := k.startNode(n); err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
		pids[n.Name] = k.init[n.Name].Process.Pid
		if err := k.wire.plug(n, pids[n.Name]); err != nil {
			return err
		}
	}
	return k.wire.route(k.plan.Nodes, pids)
}

// startNode starts a node's first process. It receives our orders on a socket that we make
// for it, so that there is no moment when it cannot be called.
func (k *keeper) startNode(n node) error {
	if err := os.MkdirAll(n.Dir, 0o755); err != nil {
		return err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: initSocket(n.Dir), Net: "unix"})
	if err != nil {
		return err
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	cache := filepath.Dir(filepath.Dir(k.plan.Programs.Hyperkube)) // of all programs
	cmd := role("init", n.Name, n.Dir, k.plan.Dir, cache)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.init[n.Name] = cmd
	if err := enterCgroup(filepath.Join(k.plan.cgroup(), n.Name, "system"), cmd.Process.Pid); err != nil {
		return err
	}
	return os.WriteFile(initPID(n.Dir), []byte(strconv.Itoa(cmd.Process.Pid)), 0o644)
}

// tearDown ends every node, and removes what the kernel does not.
func (k *keeper) tearDown() error {
	for _, init := range k.init {
		_ = init.Process.Kill()
	}
	for _, init := range k.init {
		_ = init.Wait() // returns when the last process of the node has been reaped
	}
	return sweep(k.plan.Name)
}

// sweep removes what of a cluster outlives its processes.
func sweep(name string) error {
	return errors.Join(
		removeCgroups(cgroupPrefix+name),
		os.RemoveAll(stateDir(name)),
		removeIfEmpty(stateRoot),
	)
}

func removeIfEmpty(dir string) error {
	switch err := syscall.Rmdir(dir); err {
	case nil, syscall.ENOENT, syscall.ENOTEMPTY, syscall.EEXIST:
		return nil
	default:
		return fmt.Errorf("remove %s: %w", dir, err)
	}
}

func initSocket(nodeDir string) string { return filepath.Join(nodeDir, "init.sock") }
func initPID(nodeDir string) string    { return filepath.Join(nodeDir, "init.pid") }

// readNews passes a keeper's news on, and returns when the boot is over.
func readNews(from io.Reader, progress func(string)) error {
	decoder := json.NewDecoder(from)
	for {
		var n news
		if err := decoder.Decode(&n); err != nil {
			return errors.New("the keeper has exited")
		}
		switch {
		case n.Failed != "":
			return errors.New(n.Failed)
		case n.Up:
			return nil
		}
		progress(n.Progress)
	}
}
