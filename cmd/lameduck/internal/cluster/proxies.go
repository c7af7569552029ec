package cluster

import (
	"bufio"
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// proxies records when the kube-proxy of each node has applied a change of the
// slices, from its own metrics, read through the API server. That needs the
// permission to get nodes/proxy, and a kube-proxy with metrics that can be
// reached (metricsBindAddress). Without these, or without a comparison of the
// node's clock with ours, nothing is recorded.
type proxies struct {
	core   rest.Interface
	clocks *clocks
	emit   func(timeline.Event)
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	nodes map[string]*proxy
}

// proxy is that of one node. Changes wait in pending until a sync that surely
// covered them is over.
type proxy struct {
	name       string
	polling    bool
	unreadable bool // its metrics cannot be read
	pending    []timeline.Event
	last       syncs // as last read
}

// syncPoll is the interval of reading the metrics while a proxy has a change to apply;
// syncGiveUp is after how long that ends: kube-proxy syncs within a
// second (minSyncPeriod) unless it is overloaded. observeDelay is by how much the
// proxy may receive a change later than we do, or earlier.
const (
	syncPoll     = 100 * time.Millisecond
	syncGiveUp   = time.Minute
	observeDelay = 250 * time.Millisecond
)

// watchProxies follows the proxies of the nodes that pods are on.
func watchProxies(core rest.Interface, o *observer, k *clocks) *proxies {
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxies{core: core, clocks: k, emit: o.emit, ctx: ctx, stop: cancel, nodes: map[string]*proxy{}}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.changed = func(e timeline.Event) {
		for _, pod := range o.order {
			p.addNode(pod.object.Spec.NodeName)
		}
		p.change(e)
	}
	return p
}

// addNode adds a node.
func (p *proxies) addNode(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if node != "" && p.nodes[node] == nil {
		p.nodes[node] = &proxy{name: node}
	}
}

// change gives every proxy a change to wait for.
func (p *proxies) change(e timeline.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, node := range p.nodes {
		if _, compared := p.clocks.offset(name); node.unreadable || !compared {
			continue
		}
		node.pending = append(node.pending, e)
		if !node.polling {
			node.polling = true
			p.done.Go(func() { p.poll(name, node) })
		}
	}
}

// poll asks one proxy until it has applied all that is pending.
func (p *proxies) poll(name string, node *proxy) {
	for p.ctx.Err() == nil {
		reported, err := p.ask(name)
		p.mu.Lock()
		if err != nil {
			node.unreadable = true
		} else {
			p.applied(node, reported, p.clocks.clock.Now())
		}
		if node.unreadable || len(node.pending) == 0 {
			node.polling, node.pending = false, nil
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		if kube.Sleep(p.ctx, syncPoll) != nil {
			return
		}
	}
}

// applied emits the changes that the last sync has covered.
func (p *proxies) applied(node *proxy, reported syncs, now time.Duration) {
	reported.length = reported.lengthSince(node.last)
	node.last = reported
	var waiting []timeline.Event
	for _, e := range node.pending {
		age := now - e.At
		switch {
		case reported.settled() && age >= observeDelay && reported.done >= e.At-observeDelay:
			e.At, e.Source, e.Node = max(reported.done, e.At), timeline.SourceProxy, node.name
			p.emit(e)
		case age < syncGiveUp:
			waiting = append(waiting, e)
		}
	}
	node.pending = waiting
}

// syncs are the metrics of a proxy about its syncs. They do not have the start
// of the last one.
type syncs struct {
	queued, done time.Duration // when a change was last queued, and when a sync was last over, as moments of the run
	count        float64
	took         float64       // all of them together, in seconds
	length       time.Duration // of the last one
}

// lengthSince is that of the syncs since the proxy was asked before, on
// average: seldom are there two.
func (s syncs) lengthSince(before syncs) time.Duration {
	if s.count <= before.count {
		return before.length
	}
	return time.Duration((s.took - before.took) / (s.count - before.count) * float64(time.Second))
}

// settled reports whether the last sync began after the last change was queued:
// then all changes that the proxy has received are applied. A sync that was
// running at that moment may have missed the change. What the proxy counts as a
// sync lasts a little longer than its end in the metrics, so half of the sync's
// length is left as uncertainty.
func (s syncs) settled() bool { return s.queued <= s.done-s.length/2 }

// metricsPort is where kube-proxy serves its metrics.
const metricsPort = "10249"

// ask reads the metrics of a proxy about its syncs.
func (p *proxies) ask(node string) (syncs, error) {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	text, err := p.core.Get().Resource("nodes").Name(node + ":" + metricsPort).SubResource("proxy").Suffix("metrics").DoRaw(ctx)
	if err != nil {
		return syncs{}, err
	}
	const of = "kubeproxy_sync_proxy_rules_"
	offset, _ := p.clocks.offset(node) // the clock was compared, see change
	at := func(metric string) time.Duration {
		return p.clocks.clock.At(time.UnixMicro(int64(gauge(text, of+metric)*1e6))) + offset
	}
	return syncs{
		queued: at("last_queued_timestamp_seconds"), done: at("last_timestamp_seconds"),
		count: gauge(text, of+"duration_seconds_count"), took: gauge(text, of+"duration_seconds_sum"),
	}, nil
}

// gauge is the highest value of a metric over its labels, 0 if there is none.
func gauge(text []byte, metric string) float64 {
	highest := 0.0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), metric)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		if v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64); err == nil {
			highest = max(highest, v)
		}
	}
	return highest
}

func (p *proxies) close() {
	if p != nil {
		p.stop()
		p.done.Wait()
	}
}
