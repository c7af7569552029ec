package cluster

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// clocks compares the clocks of the nodes with ours. Each kubelet renews a
// lease every 10 s and writes the time of its own clock into it, to the
// microsecond (KEP-589). It cannot arrive before it was written, so the
// quickest arrival says how far apart the clocks are, less what it took.
type clocks struct {
	clock timeline.Clock
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu     sync.Mutex
	nodes  map[string]time.Duration // the least of arrival less renewal
	within time.Duration            // a round trip to the API server
}

// compareClocks watches the leases until close. Who may not see them simply
// does not learn of it.
func compareClocks(c dynamic.Interface, clock timeline.Clock) *clocks {
	ctx, cancel := context.WithCancel(context.Background())
	k := &clocks{clock: clock, stop: cancel, nodes: map[string]time.Duration{}}
	k.done.Go(func() { k.watch(ctx, c) })
	return k
}

func (k *clocks) watch(ctx context.Context, c dynamic.Interface) {
	const namespace = "kube-node-lease"
	for ctx.Err() == nil {
		// Not from the beginning: what is there already was written at some time before.
		asked := k.clock.Now()
		list, err := kube.Leases.List(ctx, c, namespace, metav1.ListOptions{Limit: 1})
		if err != nil {
			return
		}
		k.mu.Lock()
		k.within = k.clock.Now() - asked
		k.mu.Unlock()
		w, err := kube.Leases.Watch(ctx, c, namespace, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			return
		}
		for e := range w.ResultChan() {
			if lease, ok := e.Object.(*coordinationv1.Lease); ok && lease.Spec.RenewTime != nil {
				k.arrived(lease.Name, lease.Spec.RenewTime.Time)
			}
		}
		w.Stop()
		if sleep(ctx, time.Second) != nil {
			return
		}
	}
}

func (k *clocks) arrived(node string, written time.Time) {
	took := k.clock.Now() - k.clock.At(written)
	k.mu.Lock()
	defer k.mu.Unlock()
	if least, seen := k.nodes[node]; !seen || took < least {
		k.nodes[node] = took
	}
}

// ours converts a moment of a node's clock to the run's, as well as it can.
func (k *clocks) ours(node string, t time.Time) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock.At(t) + k.nodes[node]
}

// skews lists the nodes. A worker has measured its node there and back, which
// is better than what a lease tells.
func (k *clocks) skews(crew *workers.Crew) []timeline.Skew {
	byNode := map[string]timeline.Skew{}
	k.mu.Lock()
	for node, least := range k.nodes {
		byNode[node] = timeline.Skew{Node: node, Ahead: -least, Within: k.within}
	}
	k.mu.Unlock()
	if crew != nil {
		for _, c := range crew.Clocks() {
			if known, seen := byNode[c.Node]; !seen || c.Uncertainty < known.Within {
				byNode[c.Node] = timeline.Skew{Node: c.Node, Ahead: c.Skew, Within: c.Uncertainty}
			}
		}
	}
	var all []timeline.Skew
	for _, s := range byNode {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b timeline.Skew) int { return cmp.Compare(a.Node, b.Node) })
	return all
}

func (k *clocks) close() {
	if k != nil {
		k.stop()
		k.done.Wait()
	}
}
