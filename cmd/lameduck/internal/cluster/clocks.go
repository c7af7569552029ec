package cluster

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// clocks compares the clocks of the nodes with ours. Each kubelet renews a
// lease every 10 s and writes the time of its own clock into it, to the
// microsecond (KEP-589). A renewal cannot arrive before it was written, so the
// quickest arrival shows the difference of the clocks, less the time of the
// transfer.
type clocks struct {
	clock timeline.Clock
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu       sync.Mutex
	nodes    map[string]time.Duration // the least of arrival less renewal
	measured map[string]time.Duration // how far ahead the clock of a node is, as a worker on it has measured
	within   time.Duration            // a round trip to the API server
}

// compareClocks watches the leases until close. The first error is written to
// log, which may be nil.
func compareClocks(c dynamic.Interface, clock timeline.Clock, log io.Writer) *clocks {
	ctx, cancel := context.WithCancel(context.Background())
	k := &clocks{clock: clock, stop: cancel, nodes: map[string]time.Duration{}, measured: map[string]time.Duration{}}
	k.done.Go(func() { k.watch(ctx, c, log) })
	return k
}

// watch follows the leases, again after every error but that of a missing
// permission.
func (k *clocks) watch(ctx context.Context, c dynamic.Interface, log io.Writer) {
	reported := false
	for {
		err := k.follow(ctx, c)
		if err != nil && ctx.Err() == nil && !reported && log != nil {
			reported = true
			fmt.Fprintln(log, "note: the clocks of nodes without a worker are not compared:", err)
		}
		if apierrors.IsForbidden(err) || kube.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}

// follow watches the leases until the watch ends.
func (k *clocks) follow(ctx context.Context, c dynamic.Interface) error {
	const namespace = "kube-node-lease"
	// Only renewals from now on: those that exist were written at some earlier time.
	asked := k.clock.Now()
	list, err := kube.Leases.List(ctx, c, namespace, metav1.ListOptions{Limit: 1})
	if err != nil {
		return apiError(err, "list", "coordination.k8s.io", "leases", namespace)
	}
	k.mu.Lock()
	k.within = k.clock.Now() - asked
	k.mu.Unlock()
	w, err := kube.Leases.Watch(ctx, c, namespace, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return apiError(err, "watch", "coordination.k8s.io", "leases", namespace)
	}
	defer w.Stop()
	for e := range w.ResultChan() {
		if lease, ok := e.Object.(*coordinationv1.Lease); ok && lease.Spec.RenewTime != nil {
			k.arrived(lease.Name, lease.Spec.RenewTime.Time)
		}
	}
	return nil
}

// measure takes what workers have measured of their nodes.
func (k *clocks) measure(all []workers.Clock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range all {
		k.measured[c.Node] = c.Skew
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

// offset is what has to be added to a moment of a node's clock to have the
// run's; false if the clock was not compared. A worker on the node has measured
// it with a round trip, which is more exact than a lease.
func (k *clocks) offset(node string) (time.Duration, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ahead, ok := k.measured[node]; ok {
		return -ahead, true
	}
	least, ok := k.nodes[node]
	return least, ok
}

// skews lists the nodes. A worker has measured its node with a round trip,
// which is more exact than a lease.
func (k *clocks) skews(pool *workers.Pool) []timeline.Skew {
	byNode := map[string]timeline.Skew{}
	k.mu.Lock()
	for node, least := range k.nodes {
		byNode[node] = timeline.Skew{Node: node, Ahead: -least, Within: k.within}
	}
	k.mu.Unlock()
	if pool != nil {
		for _, c := range pool.Clocks() {
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
