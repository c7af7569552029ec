package clients

import (
	"fmt"
	"testing"
)

// script runs a client of testdata, which exits with an error if a request
// fails. It prints how many it has sent, and more.
func script(t *testing.T, counts []any, program string, args ...string) {
	t.Helper()
	version(t, program, "--version")
	r := run(t, program, args...)
	r.ok(t)
	if _, err := fmt.Sscan(r.stdout, counts...); err != nil {
		t.Fatalf("the client printed %q: %v\n%s", r.stdout, err, tail(r.stderr))
	}
}

// One connection that is kept; without a word before it is closed there would
// be an exception, RemoteDisconnected.
func TestPython(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil, 50, ok)
	var requests, connections, closeAsked int
	script(t, []any{&requests, &connections, &closeAsked}, need(t, "python3", "python3"), "testdata/post.py", p.addr)
	if closeAsked == 0 || connections != closeAsked+1 {
		t.Errorf("%d asked to close, %d connections", closeAsked, connections)
	}
	p.lostNothing(t, requests)
}

// An agent that keeps connections; without a word there would be ECONNRESET.
func TestNodeHTTP1(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil, 50, ok)
	var requests, connections, closeAsked int
	script(t, []any{&requests, &connections, &closeAsked}, need(t, "node", "nodejs"), "testdata/post.js", p.addr)
	if closeAsked == 0 || connections <= closeAsked {
		t.Errorf("%d asked to close, %d connections", closeAsked, connections)
	}
	p.lostNothing(t, requests)
}

// fetch, which is another client than node's http.
func TestNodeFetch(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil, 50, ok)
	var requests, closeAsked int
	script(t, []any{&requests, &closeAsked}, need(t, "node", "nodejs"), "testdata/fetch.js", "http://"+p.addr)
	if closeAsked == 0 {
		t.Error("no request to close was seen")
	}
	p.lostNothing(t, requests)
}

// Sessions: each receives GOAWAY, error 0, and closes without an error.
func TestNodeHTTP2(t *testing.T) {
	node := need(t, "node", "nodejs")
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			t.Parallel()
			p, args := nodeSessions(t, secure)
			var requests, connections, closeAsked, closed, refused int
			script(t, []any{&requests, &connections, &closeAsked, &closed, &refused}, node, args...)
			if closeAsked == 0 || connections <= 1 || closed != connections {
				t.Errorf("%d connections, %d asked to close, %d closed", connections, closeAsked, closed)
			}
			p.lostNothing(t, requests)
			if refused > 0 {
				t.Logf("node has refused %d requests itself, which it had not sent when GOAWAY came", refused)
			}
		})
	}
}

func nodeSessions(t *testing.T, secure bool) (p *pair, args []string) {
	if !secure {
		p = newPair(t, nil, 50, ok)
		return p, []string{"testdata/post2.js", "http://" + p.addr}
	}
	config, file := certificate(t)
	p = newPair(t, config, 50, ok)
	return p, []string{"testdata/post2.js", "https://" + p.addr, file}
}
