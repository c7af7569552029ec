package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// CheckCommand returns why a command cannot be run in the folder where the tool
// runs, as far as that is known without starting it: the file is missing, or is
// not executable.
func CheckCommand(name string) error {
	_, err := lookPath(name, "", nil)
	return err
}

// lookPath finds the file of a command before anything is started, so that a
// missing command is an error of its own and not an exit code. A name with a
// slash is relative to dir, one without is searched in the PATH of env.
func lookPath(name, dir string, env []string) (string, error) {
	path, err := findCommand(name, dir, env)
	if err != nil {
		return "", hint.New(fmt.Errorf("cannot run %q: %w", name, unwrapExec(err)),
			"check the spelling, or give the path of the file, as in ./server; it must be executable")
	}
	return path, nil
}

// withHint adds what to do where the kernel does not know the file as a program. The
// error of a process in namespaces of its own is only a text.
func withHint(err error) error {
	if !strings.HasSuffix(err.Error(), syscall.ENOEXEC.Error()) {
		return err
	}
	return hint.New(err, "give a program for this system and its processor, or a script whose first line is as #!/bin/sh")
}

func findCommand(name, dir string, env []string) (string, error) {
	if name == "" {
		return "", exec.ErrNotFound
	}
	if filepath.Base(name) == name {
		return searchPath(name, env)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return exec.LookPath(abs)
}

// searchPath skips relative entries of PATH, as os/exec refuses them too.
func searchPath(name string, env []string) (string, error) {
	for _, dir := range filepath.SplitList(lookupEnv(env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// lookupEnv is the last value of key, as the last one counts. An environment
// that does not have it at all falls back on ours.
func lookupEnv(env []string, key string) string {
	for i := len(env) - 1; i >= 0; i-- {
		k, v, _ := strings.Cut(env[i], "=")
		if k == key || runtime.GOOS == "windows" && strings.EqualFold(k, key) {
			return v
		}
	}
	return os.Getenv(key)
}

// unwrapExec takes the file name off the error: the message has it already.
func unwrapExec(err error) error {
	if e, ok := err.(*exec.Error); ok {
		err = e.Err
	}
	if e, ok := err.(*os.PathError); ok {
		err = e.Err
	}
	return err
}
