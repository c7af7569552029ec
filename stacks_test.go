package lameduck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
)

// waitsHere is what a stack must name.
func waitsHere(release chan struct{}) { <-release }

func TestStuckCloserIsNamedWithItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		release := make(chan struct{})
		p.AddCloser("database", func(context.Context) error { waitsHere(release); return nil })
		p.AddCloser("innocent", func(context.Context) error { return nil })
		x := start(t, p, ok)
		x.terminate()
		_, err := x.end()
		close(release)
		if !errors.Is(err, ErrCut) || strings.Contains(err.Error(), "innocent") {
			t.Errorf("Run: %v", err)
		}
		text := err.Error()
		first, stack, _ := strings.Cut(text, "\n")
		if !strings.HasSuffix(first, `closer "database"`) || !strings.HasPrefix(stack, "goroutine ") || !strings.Contains(stack, ".waitsHere(") {
			t.Errorf("the error is\n%s", text)
		}
		if strings.Contains(stack, "task.(*Task).Run") || strings.Contains(stack, "created by") {
			t.Errorf("the stack has our own part too:\n%s", stack)
		}
	})
}

func TestStuckWorkerIsNamedWithItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		release := make(chan struct{})
		p.AddWorker("mailer", func(context.Context) error { waitsHere(release); return nil })
		p.AddWorker("other", func(ctx context.Context) error { <-ctx.Done(); return nil })
		x := start(t, p, ok)
		x.terminate()
		_, err := x.end()
		close(release)
		for _, one := range oneByOne(err) {
			if text := one.Error(); strings.Contains(text, `worker "mailer"`) != strings.Contains(text, ".waitsHere(") {
				t.Errorf("the stack is another one's:\n%s", text)
			}
		}
		if n := strings.Count(err.Error(), ".waitsHere("); n != 1 {
			t.Errorf("the stack is logged %d times:\n%v", n, err)
		}
	})
}

func TestCloserThatEndsItsGoroutineDoesNotTakeTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		flushed := false
		p.AddCloser("flush", func(context.Context) error { flushed = true; return nil })
		p.AddCloser("gone", func(context.Context) error { runtime.Goexit(); return nil })
		x := start(t, p, ok)
		x.terminate()
		took, err := x.end()
		if err == nil || !strings.Contains(err.Error(), `closer "gone": it ended its goroutine`) || !flushed || took > 11*time.Second {
			t.Errorf("ended %v after T0 with %v, flushed: %v", took, err, flushed)
		}
	})
}

func TestMessageNamesAllBeforeTheStacks(t *testing.T) {
	deep := strings.Repeat("main.f(...)\n\t/src/main.go:1 +0x1\n", 100)
	for _, n := range []int{1, 3, 10, 300} {
		var errs []error
		for i := range n {
			name := fmt.Sprintf("closer %q", fmt.Sprint("c", i))
			errs = append(errs, errors.Join(program.Traced{Err: fmt.Errorf("%w after its share: %s", ErrCut, name), Stack: "goroutine 1 [select]:\n" + deep}))
		}
		words := terminationMessage([]any{"by", "SIGTERM"}, errors.Join(errs...))
		if len(words) > 4096 || !strings.HasSuffix(words, "\n") {
			t.Errorf("%d: %d bytes, the kubelet keeps 4096", n, len(words))
		}
		names, stacks, _ := strings.Cut(words, "goroutine")
		if n <= 10 && !strings.Contains(names, fmt.Sprintf("closer %q\n", fmt.Sprint("c", n-1))) {
			t.Errorf("%d: the last is not named before the stacks:\n%s", n, words)
		}
		if n <= 10 && strings.Count(stacks, "goroutine")+1 != n {
			t.Errorf("%d: %d stacks", n, strings.Count(stacks, "goroutine")+1)
		}
	}
}

func TestMessageOfAStuckCloser(t *testing.T) {
	terminationLog := filepath.Join(t.TempDir(), "termination-log")
	os.WriteFile(terminationLog, nil, 0o600)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &Process{TerminationLog: terminationLog}
		p.AddCloser("database", func(context.Context) error { waitsHere(release); return nil })
		x := start(t, p, ok)
		x.terminate()
		x.end()
		close(release)
	})
	words, _ := os.ReadFile(terminationLog)
	lines := strings.Split(string(words), "\n")
	if len(lines) < 5 || !strings.HasPrefix(lines[0], "lameduck: by=") || !strings.HasSuffix(lines[1], `closer "database"`) || !strings.Contains(string(words), ".waitsHere(") {
		t.Errorf("termination message:\n%s", words)
	}
}
