package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestReport(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.Write(body)
		}
	}))
	defer good.Close()
	bad := httptest.NewServer(http.NotFoundHandler())
	defer bad.Close()

	for _, c := range []struct {
		name, url string
		exit      int
	}{
		{"nothing lost", good.URL, 0},
		{"all lost", bad.URL, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, exit := run(t, "-addr", strings.TrimPrefix(c.url, "http://"), "-for", "200ms", "http")
			var r struct {
				Protocol string
				load.Result
			}
			if err := json.Unmarshal([]byte(out), &r); err != nil || exit != c.exit {
				t.Fatalf("exit code %d, want %d, %v:\n%s", exit, c.exit, err, out)
			}
			lost := r.Attempts * c.exit // all or none
			if r.Protocol != "http" || r.Attempts == 0 || r.Lost != lost || r.Reasons["status-404"] != lost {
				t.Errorf("reported %+v, want %d lost", r, lost)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"gopher"}, {"http", "sse"}, {"-for", "0s", "http"}} {
		out, exit := run(t, args...)
		if exit != 2 || !strings.Contains(out, "longpoll, proxy, sse") {
			t.Errorf("%q: exit code %d, printed\n%s", args, exit, out)
		}
	}
}

// run runs the command and returns what it printed, to whichever output, and
// its exit code.
func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	p := trial.Launch(t, trial.Command(t, args...))
	code := p.Wait(t)
	return p.Out.String() + p.Log.String(), code
}
