package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) {
	trial.Terminate(t, load.HTTP, "-internal", "127.0.0.1:0")
}

// The hooks that were there before see every connection, also on the second
// listener, and their values are in the contexts of requests.
func TestOwnHooks(t *testing.T) {
	internal := freeaddr.Take(t)
	p := trial.Start(t, "-internal", internal)
	for _, c := range []struct {
		addr, path, want string
	}{
		{internal, "/debug/connections", "1 open"}, // ConnState, also of the connection that Start closed
		{internal, "/debug/terminating", "serving"},
		{p.Addr, "/debug/terminating", "404"}, // BaseContext
	} {
		awaitGet(t, c.addr, c.path, c.want)
	}
	breakOff(t, p.Addr)
	p.Log.Await(t, "a request broke off")
	if strings.Contains(p.Log.String(), "connection=<nil>") {
		t.Errorf("the value of ConnContext is missing:\n%s", p.Log)
	}
}

// awaitGet waits until the answer has want in it.
func awaitGet(t *testing.T, addr, path, want string) {
	t.Helper()
	var got string
	for range 1000 {
		if got = get(t, addr, path); strings.Contains(got, want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("GET %s%s: want %q in\n%s", addr, path, want, got)
}

func get(t *testing.T, addr, path string) string {
	t.Helper()
	res, err := http.Get("http://" + addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.Status + "\n" + string(body)
}

// breakOff closes a connection in the middle of a request's body.
func breakOff(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
}
