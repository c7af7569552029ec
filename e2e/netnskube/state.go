//go:build linux

package netnskube

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A name becomes part of paths, of which those of sockets must be short.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

func checkName(name string) error {
	if validName.MatchString(name) {
		return nil
	}
	return withHint(fmt.Errorf("%q is no name for a cluster", name), "at most 32 lower-case letters, digits and dashes")
}

// lockState makes a cluster's folder if need be and locks it. A keeper holds
// the lock as long as it runs, however it ends; so a process that gets it knows that there
// is none, else the error is ErrRunning.
func lockState(name string) (*os.File, error) {
	for {
		if err := os.MkdirAll(stateDir(name), 0o700); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(lockFile(name), os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a down has just removed the folder
		}
		if err != nil {
			return nil, err
		}
		// The lock is the open file's, not the process's: a child inherits it.
		err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
		if err != nil {
			f.Close()
			if err == unix.EAGAIN || err == unix.EACCES {
				return nil, ErrRunning
			}
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		if stillThere(f) {
			return f, nil
		}
		f.Close()
	}
}

// stillThere reports whether an open file has not been removed, and another made
// in its place.
func stillThere(f *os.File) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Name())
	return err == nil && os.SameFile(locked, there)
}

// running reports whether a cluster's folder is locked, and locks nothing.
func running(name string) bool {
	f, err := os.Open(lockFile(name))
	if err != nil {
		return false
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_RDLCK}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock)
	return err == nil && lock.Type != unix.F_UNLCK
}

func lockFile(name string) string  { return filepath.Join(stateDir(name), "lock") }
func planFile(dir string) string   { return filepath.Join(dir, "plan.json") }
func keeperPID(dir string) string  { return filepath.Join(dir, "keeper.pid") }
func keeperLog(dir string) string  { return filepath.Join(dir, "logs", "keeper.log") }
func commandDir(dir string) string { return filepath.Join(dir, "bin") }

func readPlan(name string) (plan, error) {
	var p plan
	data, err := os.ReadFile(planFile(stateDir(name)))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(data, &p)
}

func readKeeperPID(name string) (int, error) {
	data, err := os.ReadFile(keeperPID(stateDir(name)))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(data)))
}
