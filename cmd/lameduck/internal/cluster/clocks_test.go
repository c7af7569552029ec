package cluster

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// TestClocksAreNotCompared: there is one note, and the clocks do not count as
// equal. A transient error is tried again.
func TestClocksAreNotCompared(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		compared bool
		note     string
	}{
		{"no right", apierrors.NewForbidden(schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}, "", errors.New("no rule")), false,
			"note: the clocks of nodes without a worker are not compared: not allowed to list leases.coordination.k8s.io in kube-node-lease: "},
		{"no answer", errors.New("connection refused"), true, "note: the clocks of nodes without a worker are not compared: connection refused\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := kubetest.New()
				asked := 0
				c.PrependReactor("list", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
					asked++
					return asked < 3, nil, tt.err
				})
				leases := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 1})
				c.PrependWatchReactor("leases", clienttesting.DefaultWatchReactor(leases, nil))
				var log strings.Builder
				k := compareClocks(c, timeline.NewClock(), &log)
				time.Sleep(10 * time.Second)
				lease := &coordinationv1.Lease{TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}, ObjectMeta: metav1.ObjectMeta{Name: "n1", Namespace: "kube-node-lease"},
					Spec: coordinationv1.LeaseSpec{RenewTime: new(metav1.NowMicro())}}
				leases.Modify(kubetest.Object(lease))
				synctest.Wait()
				if _, compared := k.offset("n1"); compared != tt.compared {
					t.Errorf("compared: %v, want %v", compared, tt.compared)
				}
				k.stop()
				leases.Stop() // as the client does when its context ends
				k.close()
				if strings.Count(log.String(), "note:") != 1 || !strings.HasPrefix(log.String(), tt.note) {
					t.Errorf("log %q, want %q", &log, tt.note)
				}
			})
		})
	}
}

// TestProxiesOfNodesThatAreNotCompared: when they applied a change is not known.
func TestProxiesOfNodesThatAreNotCompared(t *testing.T) {
	const late = 5 * time.Second // by which the clock of the node is ahead
	clock := timeline.NewClock()
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	_, core, err := kube.New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	k := &clocks{clock: clock, stop: func() {}, nodes: map[string]time.Duration{"n2": -late}, measured: map[string]time.Duration{}}
	k.measure([]workers.Clock{{Node: "n3", Skew: late}})
	o := newScript(t).o
	p := watchProxies(core, o, k)
	for _, name := range []string{"n1", "n2", "n3"} {
		p.addNode(name)
	}
	p.change(timeline.Event{At: clock.Now(), Pod: "a", Kind: timeline.EndpointTerminating})
	p.done.Wait()
	p.close()
	close(asked)
	var paths []string
	for path := range asked {
		paths = append(paths, path)
	}
	if all := strings.Join(paths, " "); len(paths) != 2 || strings.Contains(all, "n1") {
		t.Errorf("asked for %s, want n2 and n3", all)
	}
	for _, node := range []string{"n2", "n3"} {
		if offset, ok := k.offset(node); !ok || offset != -late {
			t.Errorf("%s: %v, %v", node, offset, ok)
		}
	}
}
