//go:build linux

package netnskube

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

// testCluster is the name of the cluster that the tests boot. There may be
// others on the machine.
const testCluster = "leftovers"

// orphanVariable makes this test program boot a cluster and wait for its end.
const orphanVariable = "NETNSKUBE_TEST_ORPHAN"

func TestMain(m *testing.M) {
	Main()
	if os.Getenv(orphanVariable) != "" {
		os.Exit(waitToBeKilled())
	}
	os.Exit(m.Run())
}

// needCluster skips a test where no cluster can be booted, or was not asked for.
func needCluster(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E") == "" {
		t.Skip("boots clusters: make e2e runs it")
	}
	if os.Getenv(NameVariable) != "" {
		t.Skip("looks at the host from outside of any cluster")
	}
	if err := Check(); err != nil {
		t.Skip(err)
	}
}

func TestNothingIsLeft(t *testing.T) {
	needCluster(t)
	if err := Down(t.Context(), testCluster); err != nil {
		t.Fatal(err)
	}
	ends := map[string]func(*testing.T){
		"up and down":                 upAndDown,
		"keeper killed":               keeperKilled,
		"interrupted boot":            interruptedBoot,
		"owner of the cluster killed": ownerKilled,
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			before := lookAtHost(t)
			t.Cleanup(func() {
				if err := Down(context.WithoutCancel(t.Context()), testCluster); err != nil {
					t.Error(err)
				}
			})
			end(t)
			awaitHost(t, before)
		})
	}
}

func upAndDown(t *testing.T) {
	c := upForTest(t, 2)
	runPod(t, c)
	during := lookAtHost(t)
	if len(during["processes"]) == 0 || len(during["cgroups"]) == 0 || len(during["state"]) == 0 {
		t.Errorf("of a cluster that is up nothing was seen: %v", during)
	}
	if err := c.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func keeperKilled(t *testing.T) {
	c := upForTest(t, 1)
	runPod(t, c)
	pid, err := readKeeperPID(testCluster)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := Down(t.Context(), testCluster); err != nil {
		t.Fatal(err)
	}
}

func interruptedBoot(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	c, err := Up(ctx, Options{Name: testCluster, Nodes: 2, Progress: func(line string) {
		t.Log(line)
		if strings.Contains(line, "API server") {
			interrupt()
		}
	}})
	if c != nil || !errors.Is(err, context.Canceled) {
		t.Fatalf("Up, interrupted: %v", err)
	}
}

// ownerKilled kills the process that has booted a cluster: the keeper must see
// to the rest by itself.
func ownerKilled(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), orphanVariable+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("boot: %v", err)
	}
	if !running(testCluster) {
		t.Errorf("%q, and there is no cluster", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was killed, and ended well")
	}
}

func waitToBeKilled() int {
	c, err := Up(context.Background(), Options{Name: testCluster})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The shell is killed with us. Its child does not, and has the state's path in its
	// command line, where processes looks for it.
	cmd, err := c.Command(context.Background(), "sh", "-c", "tail -f "+planFile(stateDir(testCluster))+" & wait")
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("up")
	_, _ = io.Copy(io.Discard, os.Stdin)
	select {}
}

func upForTest(t *testing.T, nodes int) *Cluster {
	t.Helper()
	c, err := Up(t.Context(), Options{Name: testCluster, Nodes: nodes, Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// runPod runs a pod, so that there are the namespaces, mounts and processes of a
// container to be left.
func runPod(t *testing.T, c *Cluster) {
	t.Helper()
	kubectl(t, c, "run", "pod", "--image="+pauseImage, "--image-pull-policy=Never")
	kubectl(t, c, "wait", "pod/pod", "--for=condition=Ready", "--timeout=60s")
}

func kubectl(t *testing.T, c *Cluster, args ...string) string {
	t.Helper()
	cmd, err := c.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// host is what can be seen of this machine, by kind.
type host map[string][]string

// awaitHost waits until the host is as it was before. The last process of a
// cluster is there for an instant longer than the cluster.
func awaitHost(t *testing.T, before host) {
	t.Helper()
	var diff string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(pollEvery) {
		if diff = cmp.Diff(before, lookAtHost(t)); diff == "" {
			return
		}
	}
	t.Errorf("the host has changed (-before +after):\n%s", diff)
}

func lookAtHost(t *testing.T) host {
	t.Helper()
	seen := host{
		"nft rules":       output("nft", "list", "ruleset"),
		"iptables rules":  output("iptables-save"),
		"ip6tables rules": output("ip6tables-save"),
		"state":           glob(t, stateDir(testCluster)),
		"processes":       processes(t),
		"named netns":     glob(t, "/run/netns/*"),
	}
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		seen["links"] = append(seen["links"], fmt.Sprint(l.Attrs().Index, l.Attrs().Name, l.Attrs().OperState))
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		seen["routes"] = append(seen["routes"], r.String())
	}
	for _, folder := range []string{"/etc", "/etc/cni", "/opt", "/usr/libexec", "/var/lib", "/var/log", "/run"} {
		seen["files"] = append(seen["files"], glob(t, folder+"/*")...)
	}
	seen["files"] = slices.DeleteFunc(seen["files"], func(path string) bool { return path == stateRoot })
	seen["mounts"] = lines(t, "/proc/self/mountinfo")
	for _, setting := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
		"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward", "net/netfilter/nf_conntrack_max"} {
		value, err := os.ReadFile("/proc/sys/" + setting)
		seen["settings"] = append(seen["settings"], fmt.Sprintf("%s %s%v", setting, value, err))
	}
	all, err := hierarchies()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		seen["cgroups"] = append(seen["cgroups"], glob(t, filepath.Join(h.mount, cgroupPrefix+testCluster))...)
	}
	return seen
}

// processes lists the processes of the test's cluster: those in its control
// groups, and those that were started with its name.
func processes(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, dir := range glob(t, "/proc/[0-9]*") {
		group, _ := os.ReadFile(filepath.Join(dir, "cgroup")) // it may have ended meanwhile
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		words := strings.Split(string(args), "\x00")
		if strings.Contains(string(group), "/"+cgroupPrefix+testCluster) ||
			strings.HasPrefix(words[0], rolePrefix) && slices.Contains(words, testCluster) ||
			strings.Contains(string(args), stateDir(testCluster)) {
			found = append(found, dir+" "+strings.Join(words, " "))
		}
	}
	return found
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

// output returns the lines that a command prints, but for its comments, which
// have the time in them.
func output(name string, args ...string) []string {
	out, err := exec.Command(name, args...).CombinedOutput()
	kept := slices.DeleteFunc(strings.Split(string(out), "\n"), func(l string) bool { return strings.HasPrefix(l, "#") })
	return append(kept, fmt.Sprint(err))
}
