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
