package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lameduck-dev/lameduck"
)

// A termination is the metrics of a Process: its phases as they come, and
// what it is doing at every scrape.
type termination struct {
	process *lameduck.Process
	entered *prometheus.GaugeVec
}

func newTermination(p *lameduck.Process) *termination {
	return &termination{p, prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "lameduck_phase_entered_timestamp_seconds",
		Help: "When the process entered a phase.",
	}, []string{"phase"})}
}

// observe receives each change of phase.
func (t *termination) observe(s lameduck.Status) {
	t.entered.WithLabelValues(string(s.Phase)).SetToCurrentTime()
}

var (
	connections     = prometheus.NewDesc("lameduck_connections", "Open connections.", nil, nil)
	inFlight        = prometheus.NewDesc("lameduck_in_flight", "What has begun and not ended.", []string{"kind"}, nil)
	lateConnections = prometheus.NewDesc("lameduck_late_connections_total", "Connections that came after the stop signal.", nil, nil)
	lateRequests    = prometheus.NewDesc("lameduck_late_requests_total", "Requests that came after the stop signal.", nil, nil)
	closedIdle      = prometheus.NewDesc("lameduck_closed_idle_total", "Silent connections closed before their clients were asked to leave.", nil, nil)
	cut             = prometheus.NewDesc("lameduck_cut_total", "What the end of the grace period cut short.", nil, nil)
)

// Describe implements prometheus.Collector.
func (t *termination) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(t, ch) }

// Collect implements prometheus.Collector.
func (t *termination) Collect(ch chan<- prometheus.Metric) {
	t.entered.Collect(ch)
	s := t.process.Status()
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	counter := func(d *prometheus.Desc, n int) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
	kinds := map[lameduck.Kind]int{lameduck.KindRequest: 0}
	for _, w := range s.InFlight {
		kinds[w.Kind]++
	}
	for kind, n := range kinds {
		gauge(inFlight, n, string(kind))
	}
	gauge(connections, s.Connections)
	counter(lateConnections, s.LateConnections)
	counter(lateRequests, s.LateRequests)
	counter(closedIdle, s.ClosedIdle)
	counter(cut, s.Cut)
}
