package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Propagation is how long one node of a cluster still routed new connections to
// pods that the EndpointSlices had removed: one sample for each pod. A sample
// counts to the last connection, so the node may have routed to the pod for a
// little longer: by WithinMillis at most, over all samples. ProxyMillis is how
// long the node's kube-proxy took by its own metrics, at most; null where they
// could not be read.
type Propagation struct {
	Node         string    `json:"node"`
	Samples      int       `json:"samples"`
	P50          float64   `json:"p50_ms"`
	P90          float64   `json:"p90_ms"`
	Max          float64   `json:"max_ms"`
	WithinMillis float64   `json:"within_ms"`
	ProxyMillis  *float64  `json:"proxy_max_ms"`
	Lags         []float64 `json:"lags_ms"` // every sample, the shortest first
}

func propagation(lags []attribute.Lag) []Propagation {
	byNode := map[string][]attribute.Lag{}
	for _, l := range lags {
		byNode[l.Node] = append(byNode[l.Node], l)
	}
	var all []Propagation
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		all = append(all, newPropagation(node, byNode[node]))
	}
	return all
}

func newPropagation(node string, lags []attribute.Lag) Propagation {
	p := Propagation{Node: node, Samples: len(lags)}
	proxy := timeline.Never
	for _, l := range lags {
		p.Lags = append(p.Lags, millis(l.Last))
		p.WithinMillis = max(p.WithinMillis, millis(l.Until-l.Last))
		proxy = max(proxy, l.Proxy)
	}
	p.ProxyMillis = moment(proxy)
	slices.Sort(p.Lags)
	at := func(q int) float64 { return p.Lags[(len(p.Lags)*q+99)/100-1] }
	p.P50, p.P90, p.Max = at(50), at(90), at(100)
	return p
}

// bars is how many columns a histogram has.
const bars = 24

// propagation is a histogram for each node, all on the same scale.
func (p *printer) propagation(nodes []Propagation) {
	if len(nodes) == 0 {
		return
	}
	longest := 0.0
	for _, n := range nodes {
		longest = max(longest, n.Max)
	}
	var rows [][]string
	for _, n := range nodes {
		rows = append(rows, []string{n.Node, finding.Number(n.Samples), latency(n.P50), latency(n.P90), latency(n.Max), "+" + latency(n.WithinMillis), histogram(n.Lags, longest)})
	}
	p.line("")
	p.line("From the removal of a pod from the EndpointSlices to the last new connection that a node routed to it:")
	p.table([]string{"NODE", ">SAMPLES", ">P50", ">P90", ">MAX", ">WITHIN", "0 TO " + strings.ToUpper(latency(longest))}, rows)
}

// histogram has one bar for each part of the way from 0 to longest.
func histogram(values []float64, longest float64) string {
	var counts [bars]int
	for _, v := range values {
		i := 0
		if longest > 0 {
			i = min(bars-1, int(v/longest*bars))
		}
		counts[i]++
	}
	heights := []rune("▁▂▃▄▅▆▇█")
	most := slices.Max(counts[:])
	var b strings.Builder
	for _, c := range counts {
		if c == 0 {
			b.WriteByte('.')
			continue
		}
		b.WriteRune(heights[(c*len(heights)-1)/most])
	}
	return b.String()
}
