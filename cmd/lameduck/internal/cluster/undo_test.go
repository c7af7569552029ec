package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
)

// changed is a stage that has scaled its workload and cordoned a node, and the
// API server answers the first of the requests that put them back with errors.
func changed(t *testing.T, answers ...error) (*Stage, *int) {
	c := kubetest.New(deployment(4), service("shop", shopLabels))
	made := 0
	c.PrependReactor("patch", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		made++
		if made <= len(answers) {
			return true, nil, answers[made-1]
		}
		return true, kubetest.Object(deployment(4)), nil
	})
	s := &Stage{cfg: Config{Access: &Access{Client: c, flags: " --context test"}}, client: c, target: find(t, c), observer: newScript(t).o}
	s.undo = undo{connect: s.cfg.Access.fresh, log: io.Discard, pause: time.Millisecond}
	s.undoScale(4)
	s.undo.add(s.cfg.Access.kubectl("uncordon n1"), func(ctx context.Context, c dynamic.Interface) error { return setUnschedulable(ctx, c, "n1", "null") })
	return s, &made
}

// TestUndoIsTriedAgain: until it is done.
func TestUndoIsTriedAgain(t *testing.T) {
	down := errors.New("connection refused")
	s, made := changed(t, down, down, down)
	if err := s.Close(); err != nil || *made != 5 {
		t.Errorf("%d requests, %v; want 5: two that fail, one that fails and one that does not, and the last", *made, err)
	}
}

// TestUndoIsGivenUp: the error has the commands of all remaining steps, which
// can be tried again.
func TestUndoIsGivenUp(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "n1", nil)
	s, made := changed(t, forbidden, forbidden)
	err := s.Close()
	const want = "restore it by hand: kubectl --context test uncordon n1; kubectl --context test scale deployment/shop --replicas 4 -n prod"
	if err == nil || hint.Of(err) != want {
		t.Errorf("%v, hint %q; want %q", err, hint.Of(err), want)
	}
	if *made != 2 {
		t.Errorf("%d requests: what is forbidden stays so", *made)
	}
	if err := s.Close(); err != nil || *made != 4 {
		t.Errorf("%d requests the second time, %v", *made, err)
	}
}

// TestUndoHasALimit: an API server that never comes back.
func TestUndoHasALimit(t *testing.T) {
	s, _ := changed(t)
	down := errors.New("connection refused")
	s.undo.limit = 50 * time.Millisecond
	s.undo.connect = func() (dynamic.Interface, error) { return nil, down }
	if err := s.Close(); !errors.Is(err, down) || !strings.Contains(hint.Of(err), "uncordon n1") {
		t.Errorf("%v, hint %q", err, hint.Of(err))
	}
}

// TestUndoOfWhatIsGone: a node that was removed needs no uncordon.
func TestUndoOfWhatIsGone(t *testing.T) {
	s, made := changed(t, apierrors.NewNotFound(schema.GroupResource{Resource: "nodes"}, "n1"))
	if err := s.Close(); err != nil || *made != 2 {
		t.Errorf("%d requests, %v", *made, err)
	}
}

// TestUndoOnAFreshConnection: a silently broken connection gets no answer to
// any request.
func TestUndoOnAFreshConnection(t *testing.T) {
	var mu sync.Mutex
	broken := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if broken == "" {
			broken = r.RemoteAddr
		}
		silent := r.RemoteAddr == broken && r.Method == http.MethodPatch
		mu.Unlock()
		if silent {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}})
	}))
	defer server.Close()
	a := &Access{REST: &rest.Config{Host: server.URL}}
	var err error
	if a.Client, a.Core, err = kube.New(a.REST); err != nil {
		t.Fatal(err)
	}
	if _, err := kube.Nodes.Get(t.Context(), a.Client, "", "n1"); err != nil {
		t.Fatal(err)
	}
	u := undo{connect: a.fresh, request: 100 * time.Millisecond, pause: time.Millisecond}
	u.add("kubectl uncordon n1", func(ctx context.Context, c dynamic.Interface) error { return setUnschedulable(ctx, c, "n1", "null") })
	if err := u.all(); err != nil {
		t.Error(err)
	}
}
