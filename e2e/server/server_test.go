//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

// TestMain makes this binary the server: each is terminated as a real
// process, by a real signal.
func TestMain(m *testing.M) {
	if os.Getenv("SERVER") != "" {
		os.Args = os.Args[:1]
		main()
	}
	os.Exit(m.Run())
}

// running is a server that runs.
type running struct {
	*exec.Cmd
	addr string
	out  bytes.Buffer
}

func start(t *testing.T, name string, env ...string) *running {
	t.Helper()
	addr := freeaddr.Take(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &running{Cmd: exec.CommandContext(t.Context(), os.Args[0]), addr: addr}
	s.Env = append(os.Environ(), append(env, "SERVER="+name, "PORT="+port)...)
	s.Stdout, s.Stderr = &s.out, t.Output()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill(); s.Wait() })
	freeaddr.Await(t, s.addr)
	return s
}

// client is one kept connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (s *running) dial(t *testing.T) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{c, bufio.NewReader(c)}
}

func (c *client) get(path, header string) (*http.Response, string, error) {
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path, header)
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

func (c *client) mustGet(t *testing.T, path, header string) (*http.Response, string) {
	t.Helper()
	res, body, err := c.get(path, header)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// pod is the name that the server should go by.
func (s *running) pod(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

func (s *running) counts(t *testing.T) totals {
	t.Helper()
	_, body := s.dial(t).mustGet(t, "/counts", "User-Agent: kube-probe/test\r\nConnection: close\r\n")
	return parse(t, body)
}

func parse(t *testing.T, line string) totals {
	t.Helper()
	var got totals
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return got
}

func (s *running) terminate(t *testing.T) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// end waits for the server's end, and returns the last line that it printed.
func (s *running) end(t *testing.T) totals {
	t.Helper()
	if err := s.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	return parse(t, lines[len(lines)-1])
}

// load makes three requests on one connection and one on each of two others,
// and a few that do not count.
func load(t *testing.T, s *running) {
	t.Helper()
	host := s.pod(t)
	kept := s.dial(t)
	for range 3 {
		if res, _ := kept.mustGet(t, "/", ""); res.Header.Get("X-Pod-Name") != host {
			t.Errorf("X-Pod-Name %q, want %q", res.Header.Get("X-Pod-Name"), host)
		}
	}
	for range 2 {
		s.dial(t).mustGet(t, "/", "Connection: close\r\n")
	}
	for _, path := range []string{"/alive", "/ready"} {
		if res, _ := s.dial(t).mustGet(t, path, ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	got := s.counts(t)
	got.Server = ""
	if want := (totals{Pod: host, Requests: 5, Answered: 5, Connections: 3}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestCounts: the line at the end has what came before and after SIGTERM.
func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name string
		late bool // it keeps serving after SIGTERM
		env  []string
	}{
		{"shutdown", false, nil},
		{"sleep-exit", true, nil},
		{"origin", true, nil},
		{"lameduck", true, []string{"LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=500ms"}},
		{"readiness", true, []string{"LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=500ms"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, test.name, test.env...)
			load(t, s)
			s.terminate(t)
			want := totals{Pod: s.pod(t), Server: test.name, Requests: 5, Answered: 5, Connections: 3}
			if test.late {
				want = lateRequests(t, s, want)
			}
			if got := s.end(t); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// lateRequests makes requests, each on a connection of its own, until two
// have come after SIGTERM, and returns what the counts should be then. How
// many went before the server knew of the signal only the server can count.
func lateRequests(t *testing.T, s *running, want totals) totals {
	t.Helper()
	late := 0
	for late < 2 {
		s.dial(t).mustGet(t, "/", "Connection: close\r\n")
		want.Requests++
		want.Answered++
		want.Connections++
		late = s.counts(t).AfterSigterm
	}
	want.AfterSigterm, want.ConnectionsAfterSigterm = late, late
	return want
}

// TestReadiness: it fails at SIGTERM for readiness, and for no other.
func TestReadiness(t *testing.T) {
	for name, want := range map[string]int{"readiness": http.StatusServiceUnavailable, "lameduck": http.StatusOK, "hang": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, name, "LAMEDUCK_DELAY=2s", "LAMEDUCK_QUIET=2s")
			s.terminate(t)
			for s.counts(t).AfterSigterm == 0 {
				s.dial(t).mustGet(t, "/", "Connection: close\r\n")
			}
			if res, _ := s.dial(t).mustGet(t, "/ready", "User-Agent: kube-probe/test\r\n"); res.StatusCode != want {
				t.Errorf("/ready: %s, want %d", res.Status, want)
			}
			if res, _ := s.dial(t).mustGet(t, "/alive", "User-Agent: kube-probe/test\r\n"); res.StatusCode != http.StatusOK {
				t.Errorf("/alive: %s", res.Status)
			}
		})
	}
}

// TestIgnoreKeepsServing: SIGTERM changes nothing, and the counts stay.
func TestIgnoreKeepsServing(t *testing.T) {
	t.Parallel()
	s := start(t, "ignore")
	s.terminate(t)
	load(t, s)
	s.Process.Kill()
	s.Wait()
	if s.out.Len() > 0 {
		t.Errorf("it was killed, and printed %q", &s.out)
	}
}

// TestDefaultIsKilledBySigterm: the wrapping handles no signal.
func TestDefaultIsKilledBySigterm(t *testing.T) {
	t.Parallel()
	s := start(t, "default")
	load(t, s)
	s.terminate(t)
	s.Wait()
	if status := s.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM || s.out.Len() > 0 {
		t.Errorf("%v, and printed %q", s.ProcessState, &s.out)
	}
}

// TestSpeak: a server whose exit the wrapper does not control has printed all by then.
func TestSpeak(t *testing.T) {
	var out bytes.Buffer
	c := newCounts("test", &out)
	h := c.of(http.NotFoundHandler())
	get := func(from string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	get("192.0.2.1:1")
	c.sigterm()
	if out.Len() > 0 {
		t.Errorf("it spoke too early: %s", &out)
	}
	c.printChanges()
	get("192.0.2.1:1")
	get("192.0.2.1:2")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := totals{Pod: c.totals.Pod, Server: "test", Requests: 3, Answered: 3, Connections: 2, AfterSigterm: 2, ConnectionsAfterSigterm: 1}
	if got := parse(t, lines[len(lines)-1]); got != want || len(lines) != 5 {
		t.Errorf("%d lines, the last %+v\nwant 5 and        %+v", len(lines), got, want)
	}
}

func TestNoSuchServer(t *testing.T) {
	if code := run("nope", ""); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}
