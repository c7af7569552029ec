package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"time"
)

// mark is an environment variable. What the tool starts inherits it, also by
// way of programs that change their session and their parents.
type mark string

var marks atomic.Int64

func newMark() mark {
	return mark(fmt.Sprintf("E2E_MARK=%d-%d", os.Getpid(), marks.Add(1)))
}

func (m mark) String() string { return string(m) }

// process is one that carries the mark.
type process struct {
	pid     string
	command string // its arguments, with spaces between
}

// processes lists the running ones. Where there is no /proc, there are none.
func (m mark) processes() []process {
	var found []process
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, _ := os.ReadFile(file)
		if !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+m+"\x00")) {
			continue
		}
		dir := filepath.Dir(file)
		words, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		found = append(found, process{filepath.Base(dir), string(bytes.TrimSpace(bytes.ReplaceAll(words, []byte{0}, []byte{' '})))})
	}
	return found
}

// running counts the processes with a command that matches.
func (m mark) running(command string) int {
	n := 0
	for _, p := range m.processes() {
		if ok, err := regexp.MatchString(command, p.command); err != nil || ok {
			n++
		}
	}
	return n
}

// survivors are those that are still there after all that can be expected of
// a kernel under load.
func (m mark) survivors() []process {
	var left []process
	eventually(func() bool {
		left = m.processes()
		return len(left) == 0
	})
	return left
}

// eventually reports whether something comes true within 20 s. It does not look
// often: a look reads the environment of every process of this machine.
func eventually(ok func() bool) bool {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}
