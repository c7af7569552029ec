package sandbox

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"
)

// ownFolders are the folders in which programs keep what only one of them may
// have: sockets, PID files, locks, the state of a supervisor. A container has its own. Each
// pod has: they begin as those of this machine, and what the pod writes there no other
// pod sees. The last is the folder in which it starts: it may be in another, or have one.
func ownFolders() []string {
	folders := []string{"/tmp", "/run", "/var/lib"}
	home := filepath.Clean(os.Getenv("HOME"))
	if filepath.IsAbs(home) && home != "/" && !slices.ContainsFunc(folders, func(f string) bool { return home == f || within(home, f) || within(f, home) }) {
		folders = append(folders, home)
	}
	if dir, err := os.Getwd(); err == nil && dir != "/" && !slices.Contains(folders, dir) {
		folders = append(folders, dir)
	}
	return folders
}

// mountOwnFolders mounts them over those of the machine, inside of the pod's
// mount namespace, which ends with the pod. Where the kernel refuses, the pod
// shares the folder. What the command names stays the machine's own.
func mountOwnFolders(named []string) {
	for _, dir := range ownFolders() {
		_ = mountOwn(dir, outermost(dir, slices.Concat(named, mountPoints(), liveSockets())))
	}
	if dir, err := os.Getwd(); err == nil {
		_ = os.Chdir(dir) // by the same path, in the new mount
	}
}

// mountOwn mounts an overlay: reads are of the machine's folder, writes go to
// memory.
func mountOwn(dir string, shared []string) error {
	lower, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(lower)
	var stat unix.Stat_t
	if err := unix.Fstat(lower, &stat); err != nil {
		return err
	}
	binds := openAll(shared)
	defer closeAll(binds)
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	if err := unix.Mount("tmpfs", dir, "tmpfs", flags, ""); err != nil {
		return err
	}
	upper, work := dir+"/upper", dir+"/work"
	err = os.Mkdir(upper, 0o700)
	if err == nil {
		err = unix.Chmod(upper, stat.Mode&0o7777)
	}
	if err == nil {
		err = os.Mkdir(work, 0o700)
	}
	if err == nil {
		err = unix.Mount("overlay", dir, "overlay", flags, fmt.Sprintf("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s", lower, upper, work))
	}
	if err != nil {
		return unix.Unmount(dir, unix.MNT_DETACH)
	}
	for path, fd := range binds {
		_ = unix.Mount(fmt.Sprintf("/proc/self/fd/%d", fd), path, "", unix.MS_BIND|unix.MS_REC, "")
	}
	return nil
}

// mountHosts adds the name of the pod to its /etc/hosts, as the kubelet does: without a
// network no other resolver knows it, and many a server looks its own name up when it starts.
// The file is in a file system that nothing else shows.
func mountHosts(hostname string, ip netip.Addr) {
	const hosts, dir = "/etc/hosts", "/tmp"
	text, err := os.ReadFile(hosts)
	if hostname == "" || err != nil || unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755") != nil {
		return
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	if os.WriteFile(dir+hosts[len("/etc"):], fmt.Appendf(text, "\n%s\t%s\n", ip, hostname), 0o644) == nil {
		_ = unix.Mount(dir+hosts[len("/etc"):], hosts, "", unix.MS_BIND, "")
	}
}

func openAll(paths []string) map[string]int {
	open := map[string]int{}
	for _, path := range paths {
		if fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
			open[path] = fd
		}
	}
	return open
}

func closeAll(open map[string]int) {
	for _, fd := range open {
		unix.Close(fd)
	}
}

// namedPaths are the existing files and folders that the command, its arguments
// and its environment name. Of a file it is the folder that has it.
func namedPaths(words []string) (paths []string) {
	for _, word := range words {
		for part := range strings.FieldsFuncSeq(word, separates) {
			if !filepath.IsAbs(part) {
				continue
			}
			path := filepath.Clean(part)
			if info, err := os.Stat(path); err == nil && info.IsDir() || slices.Contains(ownFolders(), filepath.Dir(path)) {
				paths = append(paths, path)
			} else {
				paths = append(paths, filepath.Dir(path))
			}
		}
	}
	return paths
}

// separates is true for what stands between paths: in the value of an option, in
// a list, in a script that is an argument.
func separates(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(":=,;<>|&()'\"`", r) }

// mountPoints are those of this mount namespace: an overlay does not show what
// is mounted below it.
func mountPoints() (paths []string) {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			paths = append(paths, fields[4])
		}
	}
	return paths
}

// liveSockets are the sockets in the file system that programs of this machine
// have bound: no connection is accepted through the copy in an overlay. The pod
// has a network namespace of its own already, so they are those of its parent:
// of all its threads, for some are in the namespace of another pod, to dial there.
func liveSockets() (paths []string) {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "\nPPid:")
	parent, _, _ := strings.Cut(after, "\n")
	threads, _ := filepath.Glob("/proc/" + strings.TrimSpace(parent) + "/task/*")
	read := map[string]bool{}
	for _, thread := range threads {
		if namespace, err := os.Readlink(thread + "/ns/net"); err != nil || !read[namespace] {
			paths = append(paths, boundSockets(thread)...)
			read[namespace] = true
		}
	}
	return paths
}

// boundSockets are those of the network namespace of a thread.
func boundSockets(thread string) (paths []string) {
	text, _ := os.ReadFile(thread + "/net/unix")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 7 && filepath.IsAbs(fields[7]) {
			paths = append(paths, fields[7])
		}
	}
	return paths
}

// outermost are the paths below dir that are not below another of them.
func outermost(dir string, paths []string) (list []string) {
	slices.Sort(paths)
	for _, path := range paths {
		if within(path, dir) && !slices.ContainsFunc(list, func(outer string) bool { return path == outer || within(path, outer) }) {
			list = append(list, path)
		}
	}
	return list
}

func within(path, dir string) bool { return strings.HasPrefix(path, dir+"/") }
