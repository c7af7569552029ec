package sandbox_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestHooks(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, out := form(t, "block")
			p := start(t, cfg)
			if err := p.Exec(t.Context(), []string{"sh", "-c", "echo from the hook"}); err != nil {
				t.Error(err)
			}
			if !strings.Contains(out.String(), "from the hook\n") {
				t.Errorf("the output is %q", out)
			}
			if err := p.Exec(t.Context(), []string{"sh", "-c", "exit 4"}); err == nil || err.Error() != `"sh" exited with 4` {
				t.Errorf("error %v", err)
			}
			if err := p.Exec(t.Context(), []string{"no-such-hook"}); !errors.Is(err, exec.ErrNotFound) {
				t.Errorf("error %v, want not found", err)
			}
		})
	}
}

func TestHookIsInside(t *testing.T) {
	cfg, out := isolated(t, "serve")
	p := start(t, cfg)
	eventually(t, "it is up", func() bool { return out.String() == "up\n" })
	if err := p.Exec(t.Context(), []string{"sh", "-c", "hostname; kill -9 1; cat /proc/net/dev | grep -c :"}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "up\nweb-1\n1\n"; got != want { // and only one interface
		t.Errorf("the output is %q, want %q", got, want)
	}
}

func TestHookIsKilled(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, out := form(t, "block")
			p := start(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- p.Exec(ctx, []string{"sh", "-c", "echo begun; sleep 1000"}) }()
			eventually(t, "the hook runs", func() bool { return strings.Contains(out.String(), "begun") })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want canceled", err)
			}
		})
	}
}

func TestHookAfterTheEnd(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, _ := form(t, "exit3")
			p := start(t, cfg)
			await(t, p)
			if err := p.Exec(t.Context(), []string{"true"}); err == nil || err.Error() != "the container has ended" {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestHookEndsWithTheProcess(t *testing.T) {
	cfg, out := isolated(t, "block")
	p := start(t, cfg)
	ended := make(chan error)
	go func() { ended <- p.Exec(t.Context(), []string{"sh", "-c", "echo begun; sleep 1000"}) }()
	eventually(t, "the hook runs", func() bool { return strings.Contains(out.String(), "begun") })
	p.Signal(syscall.SIGKILL)
	if err := <-ended; err == nil || err.Error() != `"sh" exited with 137` {
		t.Errorf("error %v", err)
	}
}
