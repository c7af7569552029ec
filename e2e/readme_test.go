package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tutorial runs the cluster half of the tutorial as it is written, line by
// line, from the root of the repository. What the README has the reader run in another terminal
// runs beside the line before it, and ends with it.
func tutorial(t *testing.T, w *environment) {
	t.Cleanup(func() { _, _ = try(t, "", "delete", "-f", "../deploy/kubernetes.yaml", "--ignore-not-found") })
	terminal := newTerminal(t, w)
	lines := commands(t, "### Try it on a cluster")
	if len(lines) < 15 {
		t.Fatalf("only %d commands found: %q", len(lines), lines)
	}
	for i := 0; i < len(lines); i++ {
		var beside []string
		for i+1+len(beside) < len(lines) && strings.Contains(lines[i+1+len(beside)], "# in a ") {
			beside = append(beside, lines[i+1+len(beside)])
		}
		terminal.run(lines[i], beside)
		i += len(beside)
	}
}

// commands are the indented lines of a section of the README.
func commands(t *testing.T, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(read(t, "../README.md"), heading+"\n")
	section, _, ends := strings.Cut(section, "\n### ")
	if !found || !ends {
		t.Fatalf("the README has no section %q", heading)
	}
	var lines []string
	for line := range strings.Lines(section) {
		if command, indented := strings.CutPrefix(line, "    "); indented {
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}

// terminal is a shell in the root of the repository.
type terminal struct {
	*testing.T
	env []string
}

// newTerminal has the plugin on its PATH, and a kind that loads images into
// whatever cluster this is.
func newTerminal(t *testing.T, w *environment) *terminal {
	t.Helper()
	bin := t.TempDir()
	load := loadCmd
	if w.cluster != nil {
		load = w.tool + "-netnskube load"
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", w.tool+"-netnskube", "github.com/lameduck-dev/lameduck/e2e/cmd/netnskube").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	kind := fmt.Sprintf("#!/bin/sh\n[ \"$1 $2\" = 'load image-archive' ] && exec %s \"$3\"\n", load)
	if err := os.WriteFile(filepath.Join(bin, "kind"), []byte(kind), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.Join([]string{bin, filepath.Join(root, "bin"), os.Getenv("PATH")}, string(os.PathListSeparator))
	return &terminal{t, append(os.Environ(), "PATH="+path)}
}

// warmUp is how long a load runs before the line in the second terminal is
// typed.
const warmUp = 8 * time.Second

// run types a line, and others in further terminals meanwhile. A trial that was
// inconclusive, because the machine was late, is made again with the machine alone.
func (t *terminal) run(line string, beside []string) {
	t.Helper()
	if strings.Contains(line, "drain-node") {
		cordoning.Lock()
		defer cordoning.Unlock()
	}
	out, err := t.trial(line, beside)
	if exit, failed := errors.AsType[*exec.ExitError](err); failed && exit.ExitCode() == inconclusive {
		thisMachine.trials.Lock()
		defer thisMachine.trials.Unlock()
		out, err = t.typed(line, beside)
	}
	if err != nil {
		t.Fatalf("$ %s\n%s%v", line, out, err)
	}
	if strings.Contains(line, "PASS") && !strings.Contains(out, "PASS: 0 of") {
		t.Errorf("$ %s\n%s\nwant PASS", line, out)
	}
}

// trial types a line when no other trial needs the machine alone.
func (t *terminal) trial(line string, beside []string) (string, error) {
	t.Helper()
	if strings.Contains(line, " verify ") {
		thisMachine.trials.RLock()
		defer thisMachine.trials.RUnlock()
	}
	return t.typed(line, beside)
}

// inconclusive is the exit code of the tool that could not tell.
const inconclusive = 3

func (t *terminal) typed(line string, beside []string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, cmd := t.start(ctx, line)
	var others sync.WaitGroup
	for i, other := range beside {
		if i == 0 {
			time.Sleep(warmUp) // as a person would
		}
		stderr, c := t.start(ctx, other)
		others.Go(func() {
			err := c.Wait()
			if !strings.Contains(other, " -w") && err != nil {
				t.Errorf("$ %s\n%s%v", other, stderr, err)
			}
		})
	}
	err := cmd.Wait()
	cancel() // what only watches has seen enough
	others.Wait()
	t.Logf("$ %s\n%s", line, out)
	return out.String(), err
}

func (t *terminal) start(ctx context.Context, line string) (*bytes.Buffer, *exec.Cmd) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Env = "..", t.env
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &out, cmd
}
