//go:build linux

package netnskube

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// memoryLimit is all that a cluster, pods included, may use.
const memoryLimit = "6G"

// hierarchy is one tree of control groups of this machine: there is one with
// cgroup v2, and with v1 one for each controller.
type hierarchy struct {
	mount string
	v2    bool
}

// hierarchies lists the trees that are mounted here.
func hierarchies() ([]hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []hierarchy
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		kind, _, _ := strings.Cut(after, " ")
		if kind != "cgroup" && kind != "cgroup2" {
			continue
		}
		found = append(found, hierarchy{mount: strings.Fields(before)[4], v2: kind == "cgroup2"})
	}
	if len(found) == 0 {
		return nil, errors.New("no control groups are mounted")
	}
	return found, lines.Err()
}

// makeCgroups makes the control groups of a cluster: one of its own, with the
// memory limit; one below it for each node; and in that a leaf for the node's
// own processes, for with v2 a group with children can have none.
func makeCgroups(p plan) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		if err := h.make(p.cgroup()); err != nil {
			return err
		}
		if err := h.limitMemory(p.cgroup()); err != nil {
			return err
		}
		for _, n := range p.Nodes {
			dir := filepath.Join(p.cgroup(), n.Name)
			if err := errors.Join(h.make(dir), h.make(filepath.Join(dir, "system"))); err != nil {
				return err
			}
		}
	}
	return nil
}

// make makes one group, its parent being there, with all the controllers that
// the parent has.
func (h hierarchy) make(group string) error {
	dir := filepath.Join(h.mount, group)
	if h.v2 {
		if err := h.delegate(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make control group: %w", err)
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // v1 leaves them empty: no process could enter
		value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if h.v2 || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), value, 0o644); err != nil {
			return fmt.Errorf("set %s of the control group: %w", file, err)
		}
	}
	return nil
}

// delegate enables a v2 group's controllers for its children, those that are not enabled
// already.
func (h hierarchy) delegate(dir string) error {
	controllers, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	delegated, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	for c := range strings.FieldsSeq(string(controllers)) {
		if slices.Contains(strings.Fields(string(delegated)), c) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("enable cgroup controller %s: %w", c, err)
		}
	}
	return nil
}

func (h hierarchy) limitMemory(group string) error {
	for _, file := range []string{"memory.limit_in_bytes", "memory.max"} {
		path := filepath.Join(h.mount, group, file)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := os.WriteFile(path, []byte(memoryLimit), 0o644); err != nil {
			return fmt.Errorf("limit memory: %w", err)
		}
	}
	return nil
}

// enterCgroup moves a process, with the children it will have, into a group.
func enterCgroup(group string, pid int) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		path := filepath.Join(h.mount, group, "cgroup.procs")
		if err := os.WriteFile(path, []byte(strconv.Itoa(pid)), 0o644); err != nil {
			return fmt.Errorf("enter control group: %w", err)
		}
	}
	return nil
}

// removeCgroups kills what is left in a cluster's groups and removes them. A
// group can be removed a moment after its last process has ended, so it asks
// again for a while.
func removeCgroups(group string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	const patience = 10 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var left []error
		for _, h := range all {
			left = append(left, removeGroup(filepath.Join(h.mount, group)))
		}
		err := errors.Join(left...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// removeGroup removes a group and all below it, once.
func removeGroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	killGroup(dir)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := removeGroup(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := syscall.Rmdir(dir); err != nil && err != syscall.ENOENT {
		return &fs.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

func killGroup(dir string) {
	pids, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return
	}
	for field := range strings.FieldsSeq(string(pids)) {
		// 0 is a process of another PID namespace, and to kill it would be to
		// kill ourselves.
		if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
