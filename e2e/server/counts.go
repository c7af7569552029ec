package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

// totals are a server's counts so far. Only requests for / are counted, and
// only connections that carried one: probes are not clients.
type totals struct {
	Pod                     string `json:"pod"`
	Server                  string `json:"server"`
	Requests                int    `json:"requests"`                  // whose head was read
	Answered                int    `json:"answered"`                  // whose handler has returned
	Connections             int    `json:"connections"`               // by the address of the client
	AfterSigterm            int    `json:"after_sigterm"`             // requests, of those above
	ConnectionsAfterSigterm int    `json:"connections_after_sigterm"` // whose first request came after it
}

// counts counts. It is one lock for all, for it must be exact, not fast.
type counts struct {
	mu         sync.Mutex
	totals     totals
	terminated bool                // SIGTERM has come
	printing   bool                // every change is printed
	known      map[string]struct{} // the clients' addresses of the open connections
	out        io.Writer
}

func newCounts(server string, out io.Writer) *counts {
	pod, _ := os.Hostname()
	return &counts{totals: totals{Pod: pod, Server: server}, known: map[string]struct{}{}, out: out}
}

// of counts the requests that next handles.
func (c *counts) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Pod-Name", c.totals.Pod)
		if r.URL.Path != "/" {
			next.ServeHTTP(w, r)
			return
		}
		c.begin(r)
		next.ServeHTTP(w, r)
		c.end()
	})
}

func (c *counts) begin(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.known[r.RemoteAddr]
	c.known[r.RemoteAddr] = struct{}{}
	if r.Close {
		delete(c.known, r.RemoteAddr) // its last request: the port may come again
	}
	c.totals.Requests++
	if !known {
		c.totals.Connections++
	}
	if c.terminated {
		c.totals.AfterSigterm++
		if !known {
			c.totals.ConnectionsAfterSigterm++
		}
	}
	c.printIfAsked()
}

func (c *counts) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals.Answered++
	c.printIfAsked()
}

// connState forgets connections that were closed without notice. It is for
// the ConnState of a server; without it, a client that comes back from the
// same port after it left silently counts as one connection.
func (c *counts) connState(conn net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.known, conn.RemoteAddr().String())
	}
}

// sigterm records in the counts that SIGTERM has come.
func (c *counts) sigterm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.terminated = true
}

// printChanges prints the line now and again at every change, for a server whose exit this
// package does not control: its last line is the one that counts.
func (c *counts) printChanges() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.printing = true
	c.printIfAsked()
}

// printLast prints the line, and lets nothing be counted after it: a request
// that comes now waits, and is cut when the process exits.
func (c *counts) printLast() {
	c.mu.Lock()
	c.printing = true
	c.printIfAsked()
}

func (c *counts) printIfAsked() {
	if c.printing {
		fmt.Fprintln(c.out, c.line())
	}
}

func (c *counts) line() string {
	line, err := json.Marshal(c.totals)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(line)
}

// ServeHTTP answers with the line. To the library a request for it is one as
// any other, and a drain waits until none comes: a request for them after SIGTERM
// should do so as the kubelet, with a User-Agent that begins with kube-probe/.
func (c *counts) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, c.line())
}
