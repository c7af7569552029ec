package lameduck

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// What is added after Run has begun would be neither served nor waited for.
func TestAddAfterRunPanics(t *testing.T) {
	work := func(context.Context) error { return nil }
	for name, add := range map[string]func(*Process){
		"AddHTTP":   func(p *Process) { p.AddHTTP(&http.Server{}) },
		"AddGRPC":   func(p *Process) { p.AddGRPC(newFakeGRPC(nil), nil) },
		"AddConn":   func(p *Process) { p.AddConn(newMemListener(), func(context.Context, net.Conn) {}) },
		"AddWorker": func(p *Process) { p.AddWorker("w", work) },
		"AddCloser": func(p *Process) { p.AddCloser("c", work) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{Delay: -1, Quiet: -1}, ok)
				message := panicOf(func() { add(x.Process) })
				if !strings.HasPrefix(message, "lameduck: Process."+name+" after ") {
					t.Errorf("after Run: panics with %q", message)
				}
				x.terminate()
				x.end()
				if message := panicOf(func() { add(x.Process) }); message == "" {
					t.Error("after Run has returned it does not panic")
				}
				if message := panicOf(func() { add(new(Process)) }); message != "" {
					t.Errorf("before Run: panics with %q", message)
				}
			})
		})
	}
}

// panicOf is what f panics with, "" if it does not.
func panicOf(f func()) (message string) {
	defer func() {
		if r := recover(); r != nil {
			message, _ = r.(string)
		}
	}()
	f()
	return ""
}

// What is no server is refused when it is added, and what cannot be served before anything is.
func TestAddNothing(t *testing.T) {
	if message := panicOf(func() { new(Process).AddHTTP(nil) }); !strings.HasPrefix(message, "lameduck: Process.AddHTTP of nil") {
		t.Errorf("AddHTTP(nil) panics with %q", message)
	}
	for name, tt := range map[string]struct {
		add  func(*Process)
		want string
	}{
		"a nil listener": {func(p *Process) { p.AddHTTP(&http.Server{}, nil) }, "a listener is nil\nhint: "},
		"AddConn of nil": {func(p *Process) { p.AddConn(nil, func(context.Context, net.Conn) {}) }, "a listener is nil\nhint: "},
	} {
		t.Run(name, func(t *testing.T) {
			var p Process
			tt.add(&p)
			if err := p.Listen(); err == nil || !strings.HasPrefix(err.Error(), "lameduck: "+tt.want) {
				t.Errorf("Listen: %v, want %q", err, tt.want)
			}
		})
	}
}
