package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

// The last numbers of both instances count every request, and while they are
// being pushed they can still be scraped.
func TestTerminates(t *testing.T) {
	metrics := freeaddr.Take(t)
	g := &gateway{scrape: "http://" + metrics + "/metrics"}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	pair := trial.Pair{
		First:  trial.Start(t, "-metrics", metrics, "-push", s.URL),
		Second: trial.Start(t, "-metrics", "127.0.0.1:0", "-push", s.URL),
	}
	result := pair.Terminate(t, load.HTTP)

	if len(g.pushed) != 2 || len(g.errs) > 0 {
		t.Fatalf("%d pushes, want one of each instance: %v", len(g.pushed), g.errs)
	}
	if n := g.sum("http_requests_total"); n != result.Attempts {
		t.Errorf("%d requests were answered, %d were pushed", result.Attempts, n)
	}
	if g.sum("lameduck_late_requests_total") == 0 {
		t.Error("no request is counted after the signal")
	}
	for _, phase := range []string{"serving", "lame duck", "finishing", "closers"} {
		if want := `lameduck_phase_entered_timestamp_seconds{phase="` + phase + `"}`; !strings.Contains(g.scraped, want) {
			t.Errorf("the scrape has no %s:\n%s", want, g.scraped)
		}
	}
}

// A gateway keeps what is pushed to it, and meanwhile scrapes the first that
// pushes.
type gateway struct {
	scrape string

	mu      sync.Mutex
	pushed  []map[string]*dto.MetricFamily
	scraped string
	errs    []error
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	families := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(r.Body, expfmt.ResponseFormat(r.Header)); ; {
		var f dto.MetricFamily
		if err := d.Decode(&f); err == io.EOF {
			break
		} else if err != nil {
			g.errs = append(g.errs, err)
			return
		}
		families[f.GetName()] = &f
	}
	g.pushed = append(g.pushed, families)
	if g.scraped == "" {
		g.errs = append(g.errs, g.scrapeNow()...)
	}
}

func (g *gateway) scrapeNow() []error {
	res, err := http.Get(g.scrape)
	if err != nil {
		return []error{err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return []error{err}
	}
	g.scraped = string(text)
	return nil
}

// sum is that of a counter, over all its labels and all pushes.
func (g *gateway) sum(counter string) int {
	n := 0.0
	for _, families := range g.pushed {
		for _, m := range families[counter].GetMetric() {
			n += m.GetCounter().GetValue()
		}
	}
	return int(n)
}
