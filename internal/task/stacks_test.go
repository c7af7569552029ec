package task

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/program"
)

// waitsHere is what a stack must name.
func waitsHere(release chan struct{}) { <-release }

func TestStacksOfTooManyGoroutines(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for range mostGoroutines {
		go waitsHere(release)
	}
	if s := TakeStacks(); s.all != "" || !strings.Contains(s.of(goroutineID()), "goroutines") {
		t.Errorf("%d bytes of stacks were written", len(s.all))
	}
}

// The stack that is asked for is found, wherever it stands among many.
func TestStackAmongMany(t *testing.T) {
	release, ids := make(chan struct{}), make(chan string)
	defer close(release)
	for range mostGoroutines / 2 {
		go func() {
			ids <- goroutineID()
			waitsHere(release)
		}()
	}
	var all []string
	for range mostGoroutines / 2 {
		all = append(all, <-ids)
	}
	stacks := TakeStacks()
	for i, id := range all {
		if i%50 > 0 { // each search is through all
			continue
		}
		if stack := stacks.of(id); id == "" || !strings.HasPrefix(stack, "goroutine "+id+" [") || len(stack) > program.MaxStack {
			t.Fatalf("goroutine %q: %s", id, stack)
		}
	}
	if stack := stacks.of("0"); !strings.Contains(stack, "has ended") {
		t.Errorf("goroutine 0: %s", stack)
	}
}

func TestStackThatBeginsAlike(t *testing.T) {
	s := Stacks{all: "goroutine 12 [select]:\nmain.a()\n\ngoroutine 1 [running]:\nmain.b()\n"}
	if got, want := s.of("1"), "goroutine 1 [running]:\nmain.b()"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
