package cluster

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestProxies: when a proxy has applied a change that was seen at 10 s. Each
// poll returns the given metrics, 300 ms after the one before, from 10.3 s on.
func TestProxies(t *testing.T) {
	const ms = time.Millisecond
	reported := func(queued, done int, count, took float64) syncs {
		return syncs{queued: time.Duration(queued) * ms, done: time.Duration(done) * ms, count: count, took: took}
	}
	for _, tt := range []struct {
		name  string
		polls []syncs
		want  time.Duration
	}{
		{"at once", []syncs{reported(10002, 10060, 5, 0.3)}, 10060 * ms},
		{"it waits for minSyncPeriod", []syncs{reported(10002, 9500, 5, 0.3), reported(10002, 9500, 5, 0.3), reported(10002, 10560, 6, 0.36)}, 10560 * ms},
		{"a sync was under way", []syncs{reported(10002, 10020, 5, 0.3), reported(10002, 11060, 6, 0.36)}, 11060 * ms},
		{"updated long before us", []syncs{reported(9850, 9910, 5, 0.3)}, 10000 * ms},
		{"not updated yet", []syncs{reported(5000, 5060, 5, 0.3), reported(10400, 10460, 6, 0.36)}, 10460 * ms},
		{"another change is waiting", []syncs{reported(10002, 9990, 5, 0.3), reported(10500, 10060, 6, 0.36), reported(10500, 11120, 7, 0.42)}, 11120 * ms},
		{"never", []syncs{reported(10002, 9500, 5, 0.3)}, timeline.Never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := timeline.Never
			p := &proxies{emit: func(e timeline.Event) { got = e.At }}
			node := &proxy{name: "n1", pending: []timeline.Event{{At: 10 * time.Second, Pod: "a", Kind: timeline.EndpointTerminating}}}
			for i, s := range tt.polls {
				p.applied(node, s, 10300*ms+time.Duration(i)*300*ms)
			}
			if got != tt.want {
				t.Errorf("applied at %v, want %v", got, tt.want)
			}
		})
	}
}
