package lameduck

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A program learns its port, and what comes before Run is served by Run.
func TestListenThenRun(t *testing.T) {
	p := &Process{Delay: -1, Quiet: -1}
	p.AddHTTP(&http.Server{Addr: "127.0.0.1:0", Handler: http.HandlerFunc(ok)})
	if addr := p.Addr(); addr != nil {
		t.Errorf("the address before Listen is %v", addr)
	}
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	addr := p.Addr()
	if err := p.Listen(); err != nil || p.Addr() != addr {
		t.Errorf("the second Listen: %v, the address was %v and is %v", err, addr, p.Addr())
	}
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	p.AddWorker("later", func(ctx context.Context) error { <-Draining(ctx); return nil }) // still allowed
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if answer, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(answer), "\r\n\r\nok") {
		t.Errorf("answered %q, %v", answer, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Another server may be added after Listen: Run opens it.
func TestServerThatIsAddedAfterListen(t *testing.T) {
	p := &Process{Delay: -1, Quiet: -1}
	p.AddHTTP(&http.Server{Addr: "127.0.0.1:0"})
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.AddHTTP(&http.Server{Handler: http.HandlerFunc(ok)}, l)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if res, err := http.Get("http://" + l.Addr().String()); err != nil || res.StatusCode != 200 {
		t.Error(res, err)
	} else {
		res.Body.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What would keep Run from serving is an error of Listen, and stays one. Nothing is
// left open.
func TestListenFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		p    *Process
		addr string
		want string
	}{
		"address": {&Process{}, taken.Addr().String(), "bind: "},
		"clocks":  {&Process{Grace: 1}, "127.0.0.1:0", "do not fit into the grace period"},
	} {
		t.Run(name, func(t *testing.T) {
			first, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			test.p.AddHTTP(&http.Server{}, first)
			test.p.AddHTTP(&http.Server{Addr: test.addr})
			err = test.p.Listen()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("Listen: %v, want %s", err, test.want)
			}
			if again, run := test.p.Listen(), test.p.Run(t.Context()); again != err || run != err {
				t.Errorf("Listen: %v, and Run: %v", again, run)
			}
			if _, err := first.Accept(); err == nil {
				t.Error("the listener that was given is open")
			}
		})
	}
}
