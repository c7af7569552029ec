package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

// Every request has a span that was exported, to the very last one, and a
// place in the last numbers; the termination has spans too.
func TestTerminates(t *testing.T) {
	pair := trial.Pair{First: trial.Start(t), Second: trial.Start(t)}
	result := pair.Terminate(t, load.HTTP)

	first, second := read(t, pair.First), read(t, pair.Second)
	if n := first.spans[`POST /{$}`] + second.spans[`POST /{$}`]; n != result.Attempts {
		t.Errorf("%d requests were answered, %d spans were exported: %v", result.Attempts, n, first.spans)
	}
	if n := first.requests + second.requests; n != result.Attempts {
		t.Errorf("%d requests were answered, %d were counted", result.Attempts, n)
	}
	for _, name := range []string{"termination", "lame duck", "finishing"} {
		if first.spans[name] != 1 {
			t.Errorf("%d spans have the name %q, want 1: %v", first.spans[name], name, first.spans)
		}
	}
}

// exported is what an instance has exported.
type exported struct {
	spans    map[string]int // by name
	requests int            // of the last metrics
}

// read reads the standard output of p: spans and metrics, one JSON object
// after another.
func read(t *testing.T, p *trial.Program) exported {
	e := exported{spans: map[string]int{}}
	for d := json.NewDecoder(strings.NewReader(p.Out.String())); ; {
		var o struct {
			Name         string
			ScopeMetrics []struct {
				Metrics []struct {
					Name string
					Data struct{ DataPoints []struct{ Count int } }
				}
			}
		}
		if err := d.Decode(&o); err == io.EOF {
			return e
		} else if err != nil {
			t.Fatal(err)
		}
		if o.Name != "" {
			e.spans[o.Name]++
		}
		for _, scope := range o.ScopeMetrics {
			for _, m := range scope.Metrics {
				if m.Name == "http.server.request.duration" {
					e.requests = 0
					for _, point := range m.Data.DataPoints {
						e.requests += point.Count
					}
				}
			}
		}
	}
}
