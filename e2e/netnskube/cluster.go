//go:build linux

package netnskube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cluster is a cluster that is up.
type Cluster struct {
	plan     plan
	lifeline *os.File      // of a cluster that is to end with this process, else nil
	ended    chan struct{} // closed when such a cluster's keeper has ended
}

// Up boots a cluster and returns when its nodes are ready. It ends with this
// process, however that ends, unless Detach is called.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := Check(); err != nil {
		return nil, err
	}
	if running(o.Name) {
		return nil, errRunning(o.Name)
	}
	built, err := prepare(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	lock, err := lockState(o.Name)
	if errors.Is(err, ErrRunning) {
		return nil, errRunning(o.Name)
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close() // the keeper has it then
	if err := sweepRemains(o.Name); err != nil {
		return nil, err
	}
	dir := stateDir(o.Name)
	p := plan{Name: o.Name, Dir: dir, Nodes: nodesOf(dir, o.Nodes), ProxyMode: o.ProxyMode, Programs: built}
	c, err := bootUnder(ctx, p, lock, o.Progress)
	if err != nil {
		return nil, errors.Join(err, sweep(o.Name))
	}
	return c, nil
}

func (o Options) withDefaults() (Options, error) {
	if !ready {
		return o, errors.New("netnskube.Main was not called first thing in main or TestMain")
	}
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.ProxyMode == "" {
		o.ProxyMode = NFTables
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Nodes != 1 && o.Nodes != 2 {
		return o, withHint(fmt.Errorf("a cluster of %d nodes", o.Nodes), "1 or 2 nodes")
	}
	if o.ProxyMode != NFTables && o.ProxyMode != IPTables {
		return o, withHint(fmt.Errorf("no proxy mode %q", o.ProxyMode), "nftables or iptables")
	}
	return o, checkName(o.Name)
}

func errRunning(name string) error {
	return withHint(fmt.Errorf("cluster %s is %w", name, ErrRunning), "netnskube down ends it; --name NAME is another one beside it")
}

// bootUnder starts a keeper and waits until it has booted the cluster. If it has
// not, it has ended when bootUnder returns.
func bootUnder(ctx context.Context, p plan, lock *os.File, progress func(string)) (*Cluster, error) {
	if err := prepareState(p); err != nil {
		return nil, err
	}
	keeper, lifeline, from, err := startKeeper(p, lock)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	stop := context.AfterFunc(ctx, func() { lifeline.Close() })
	err = json.NewEncoder(lifeline).Encode(p)
	if err == nil {
		err = readNews(from, progress)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		lifeline.Close()
		if ended := keeper.Wait(); ended != nil {
			err = fmt.Errorf("%w (keeper: %w)", err, ended)
		}
		return nil, err
	}
	c := &Cluster{plan: p, lifeline: lifeline, ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		_ = keeper.Wait() // Down finds what it may have failed to remove
	}()
	return c, nil
}

// prepareState writes down what other processes need to find the cluster.
func prepareState(p plan) error {
	for _, dir := range []string{filepath.Dir(keeperLog(p.Dir)), commandDir(p.Dir)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink(p.Programs.Hyperkube, filepath.Join(commandDir(p.Dir), "kubectl")); err != nil {
		return err
	}
	return writeJSON(planFile(p.Dir), p)
}

// startKeeper starts a keeper in a network namespace of its own and in a session
// of its own, where no key that is typed here reaches it.
func startKeeper(p plan, lock *os.File) (keeper *exec.Cmd, lifeline, from *os.File, err error) {
	orders, lifeline, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	defer orders.Close()
	from, tell, err := os.Pipe()
	if err != nil {
		lifeline.Close()
		return nil, nil, nil, err
	}
	defer tell.Close()
	log, err := os.Create(keeperLog(p.Dir))
	if err == nil {
		defer log.Close()
		keeper = role("keeper", p.Name)
		keeper.Dir = "/"
		keeper.Stdout, keeper.Stderr = log, log
		keeper.ExtraFiles = []*os.File{orders, tell, lock}
		keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNET}
		err = keeper.Start()
	}
	if err == nil {
		err = os.WriteFile(keeperPID(p.Dir), []byte(strconv.Itoa(keeper.Process.Pid)), 0o644)
	}
	if err != nil {
		lifeline.Close()
		from.Close()
	}
	return keeper, lifeline, from, err
}

// Open returns a cluster that is up.
func Open(name string) (*Cluster, error) {
	if name == "" {
		name = DefaultName
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := Check(); err != nil {
		return nil, err
	}
	p, err := readPlan(name)
	if err != nil || !running(name) {
		return nil, withHint(fmt.Errorf("cluster %s is %w", name, ErrNotRunning), "netnskube up boots one")
	}
	return &Cluster{plan: p}, nil
}

// Detach lets the cluster outlive this process.
func (c *Cluster) Detach() error {
	if c.lifeline == nil {
		return nil
	}
	err := json.NewEncoder(c.lifeline).Encode(order{Stay: true})
	err = errors.Join(err, c.lifeline.Close())
	c.lifeline = nil
	return err
}

// Name returns the cluster's name.
func (c *Cluster) Name() string { return c.plan.Name }

// Version returns the version of its Kubernetes, as in "v1.34.4".
func (c *Cluster) Version() string { return c.plan.Programs.Version }

// ProxyMode returns the mode that its kube-proxies are in.
func (c *Cluster) ProxyMode() ProxyMode { return c.plan.ProxyMode }

// Nodes returns the names of its nodes.
func (c *Cluster) Nodes() []string {
	var names []string
	for _, n := range c.plan.Nodes {
		names = append(names, n.Name)
	}
	return names
}

// NodeIP returns a node's address, or "" for a node there is not.
func (c *Cluster) NodeIP(name string) string {
	n, err := c.node(name)
	if err != nil {
		return ""
	}
	return n.IP
}

// Kubeconfig returns the path of the administrator's kubeconfig. The API server
// is reached from inside the client's network namespace.
func (c *Cluster) Kubeconfig() string { return kubeconfigPath(c.plan.Dir) }

// LogFile returns the path of the log of a node's component.
func (c *Cluster) LogFile(ctx context.Context, node, component string) (string, error) {
	n, err := c.node(node)
	if err != nil {
		return "", err
	}
	if err := c.hasComponent(ctx, n, component); err != nil {
		return "", err
	}
	return c.plan.log(n, component), nil
}

func (c *Cluster) node(name string) (node, error) {
	for _, n := range c.plan.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return node{}, withHint(fmt.Errorf("no node %q", name), "there is "+strings.Join(c.Nodes(), ", "))
}

func (c *Cluster) hasComponent(ctx context.Context, n node, name string) error {
	var names []string
	if err := call(ctx, n, "Node.Names", struct{}{}, &names); err != nil {
		return err
	}
	if slices.Contains(names, name) {
		return nil
	}
	return withHint(fmt.Errorf("no component %q on %s", name, n.Name), "there is "+strings.Join(names, ", "))
}

// Command is a command in the client's network namespace, with KUBECONFIG set
// and the cluster's kubectl on the PATH. Its files are the host's. It is killed
// when the process that started it ends.
func (c *Cluster) Command(ctx context.Context, command ...string) (*exec.Cmd, error) {
	keeper, err := readKeeperPID(c.plan.Name)
	if err != nil {
		return nil, err
	}
	cmd := inNamespaces(ctx, keeper, "net", command)
	cmd.Env = c.environment()
	return cmd, nil
}

// NodeCommand is a command in a node's namespaces: its network, its processes,
// its mounts, its host name.
func (c *Cluster) NodeCommand(ctx context.Context, node string, command ...string) (*exec.Cmd, error) {
	n, err := c.node(node)
	if err != nil {
		return nil, err
	}
	cmd := inNamespaces(ctx, nodePID(n), "net,uts,ipc,mnt,pid", command)
	cmd.Env = append(c.environment(), "CONTAINERD_ADDRESS="+containerdSocket, "CONTAINERD_NAMESPACE=k8s.io")
	return cmd, nil
}

// Kubectl is the kubectl of the cluster's version, in the client's network
// namespace.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (*exec.Cmd, error) {
	return c.Command(ctx, append([]string{filepath.Join(commandDir(c.plan.Dir), "kubectl")}, args...)...)
}

// environment is ours with what leads to the cluster. kubectl caches what it
// learns of a server in the cluster's own folder: the next cluster has the same
// address.
func (c *Cluster) environment() []string {
	return append(os.Environ(),
		"KUBECONFIG="+c.Kubeconfig(),
		"KUBECACHEDIR="+filepath.Join(c.plan.Dir, "kubectl-cache"),
		"PATH="+commandDir(c.plan.Dir)+string(os.PathListSeparator)+os.Getenv("PATH"),
		NameVariable+"="+c.plan.Name,
	)
}

// Load puts the images of archives, OCI layouts or what docker save writes, on
// every node. Pods find them under their full names, as in
// docker.io/library/graceful-shutdown-app:1.0.0, with imagePullPolicy
// IfNotPresent or Never.
func (c *Cluster) Load(ctx context.Context, archives ...string) error {
	for _, archive := range archives {
		if _, err := os.Stat(archive); err != nil {
			return err
		}
		for _, n := range c.plan.Nodes {
			if err := importImage(ctx, c.plan.Programs.Ctr, hostPath(n, containerdSocket), archive); err != nil {
				return fmt.Errorf("node %s: %w", n.Name, err)
			}
		}
	}
	return nil
}

// Restart stops a component of a node and starts it again, with the flags that
// it has at every boot and the extra ones after them. It returns when the
// component is healthy again. If the component exits instead, the error has the end of
// its log. A kubelet reports that it is healthy before it has looked at all its flags.
func (c *Cluster) Restart(ctx context.Context, node, component string, extra ...string) error {
	n, err := c.node(node)
	if err != nil {
		return err
	}
	if err := c.hasComponent(ctx, n, component); err != nil {
		return err
	}
	return call(ctx, n, "Node.Restart", Restart{component, extra}, &struct{}{})
}

// Down ends the cluster and returns when nothing of it is left. If it was to end
// with this process, so do commands that are still in the client's namespace.
func (c *Cluster) Down(ctx context.Context) error {
	if c.lifeline != nil {
		c.lifeline.Close()
		select {
		case <-c.ended:
		case <-ctx.Done():
		}
	}
	return Down(ctx, c.plan.Name)
}

// Down ends a cluster, and removes what a crashed one left. If there is neither, it does
// nothing.
func Down(ctx context.Context, name string) error {
	if name == "" {
		name = DefaultName
	}
	if err := checkName(name); err != nil {
		return err
	}
	if err := Check(); err != nil {
		return err
	}
	for {
		lock, err := lockState(name)
		if err == nil {
			defer lock.Close()
			return sweep(name)
		}
		if !errors.Is(err, ErrRunning) {
			return err
		}
		if err := endKeeper(name); err != nil {
			return err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return fmt.Errorf("cluster %s does not end: %w", name, context.Cause(ctx))
		}
	}
}

// endKeeper asks a keeper to end. There may be none yet: an up that has the
// lock is about to start one.
func endKeeper(name string) error {
	pid, err := readKeeperPID(name)
	if err != nil {
		return nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer process.Release()
	if !isKeeper(pid) {
		return nil
	}
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// isKeeper reports whether a process is a keeper, and not another one that got the PID of
// a keeper that has exited.
func isKeeper(pid int) bool {
	args, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	name, _, _ := strings.Cut(string(args), "\x00")
	return err == nil && name == rolePrefix+"keeper"
}

// sweepRemains removes what a crashed cluster of this name left, all but the
// lock that we hold.
func sweepRemains(name string) error {
	entries, err := os.ReadDir(stateDir(name))
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(stateDir(name), e.Name())
		if path == lockFile(name) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return removeCgroups(cgroupPrefix + name)
}
