package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// serve is an API server that answers every request as handle does.
func serve(t *testing.T, handle http.HandlerFunc) (dynamic.Interface, rest.Interface) {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	objects, core, err := New(&rest.Config{Host: s.URL + "/behind/a/proxy"})
	if err != nil {
		t.Fatal(err)
	}
	return objects, core
}

// TestRequests: the requests are those of the Kubernetes API, below the
// path of a proxy in front of it.
func TestRequests(t *testing.T) {
	var got string
	c, core := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s %s", r.Method, strings.TrimPrefix(r.URL.String(), "/behind/a/proxy"), r.Header.Get("Content-Type"), strings.TrimSpace(string(body)))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success", "code": 201}`)
	})
	eviction := &policyv1.Eviction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "prod"},
	}
	for want, send := range map[string]func() error{
		"GET /apis/apps/v1/namespaces/prod/deployments/shop": func() error {
			_, err := Named(Deployments).Get(t.Context(), c, "prod", "shop")
			return err
		},
		"POST /api/v1/namespaces/prod/pods/a/eviction application/json {\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"a\",\"namespace\":\"prod\"}}": func() error {
			_, err := Evictions.Create(t.Context(), c, "prod", eviction, "eviction")
			return err
		},
		"PATCH /apis/apps/v1/namespaces/prod/deployments/shop/scale application/strategic-merge-patch+json {}": func() error {
			return Named(Deployments).Patch(t.Context(), c, "prod", "shop", []byte("{}"), "scale")
		},
		"PATCH /api/v1/nodes/n application/strategic-merge-patch+json {}": func() error {
			return Nodes.Patch(t.Context(), c, "", "n", []byte("{}"))
		},
		"DELETE /apis/batch/v1/namespaces/prod/jobs/j application/json {\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"Foreground\"}": func() error {
			return Jobs.Delete(t.Context(), c, "prod", "j", metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground)})
		},
		"GET /api/v1/nodes/n:10249/proxy/metrics": func() error {
			_, err := core.Get().Resource("nodes").Name("n:10249").SubResource("proxy").Suffix("metrics").DoRaw(t.Context())
			return err
		},
	} {
		got = ""
		if err := send(); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestErrors: the message of the API server is kept, and the requested object is added
// where the response is not from the API server.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name, kind, body string
		code             int
		is               func(error) bool
		want             string
	}{
		{"the API server's", "application/json",
			`{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "deployments.apps \"shop\" not found", "reason": "NotFound", "details": {"name": "shop", "group": "apps", "kind": "deployments"}, "code": 404}`,
			404, apierrors.IsNotFound, `deployments.apps "shop" not found`},
		{"forbidden", "application/json",
			`{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "deployments.apps \"shop\" is forbidden: no rule", "reason": "Forbidden", "code": 403}`,
			403, apierrors.IsForbidden, `deployments.apps "shop" is forbidden: no rule`},
		{"an API that is not served", "text/plain", "404 page not found\n",
			404, apierrors.IsNotFound, "the server could not find the requested resource (get deployments.apps shop)"},
		{"a proxy's", "text/html", "<html>",
			502, apierrors.IsInternalError, `an error on the server ("<html>") has prevented the request from succeeding (get deployments.apps shop)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := Deployments.Get(t.Context(), c, "prod", "shop")
			if err == nil || err.Error() != tt.want || !tt.is(err) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// TestLog: a log is no JSON, and an API server that is asked for JSON alone may
// refuse to send it.
func TestLog(t *testing.T) {
	_, core := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "*/*") {
			w.WriteHeader(http.StatusNotAcceptable)
		}
		_, _ = io.WriteString(w, "hello\n")
	})
	text, err := core.Get().Namespace("prod").Resource("pods").Name("a").SubResource("log").DoRaw(t.Context())
	if err != nil || string(text) != "hello\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// line writes an event of a watch.
func line(w io.Writer, kind watch.EventType, object any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"type": kind, "object": object})
	w.(http.Flusher).Flush()
}

// TestWatch: the objects are typed, and an error is what it was.
func TestWatch(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		line(w, watch.Modified, map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
			"metadata": map[string]any{"name": "n", "creationTimestamp": nil}, "spec": map[string]any{"renewTime": "2026-01-02T03:04:05.678901Z"}})
		line(w, watch.Error, failure(410, metav1.StatusReasonExpired))
	})
	w, err := Leases.Watch(t.Context(), c, "kube-node-lease", metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if lease, ok := (<-w.ResultChan()).Object.(*coordinationv1.Lease); !ok || lease.Name != "n" || lease.Spec.RenewTime.Nanosecond() != 678901000 {
		t.Errorf("%+v is not the lease", lease)
	}
	if e := <-w.ResultChan(); e.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
		t.Errorf("%+v is not the error", e)
	}
}

// TestInformer: from an API server that streams the existing objects, as those since
// 1.34 do, and from one that lists it.
func TestInformer(t *testing.T) {
	for name, streams := range map[string]bool{"it streams": true, "it lists": false} {
		t.Run(name, func(t *testing.T) {
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				if q.Get("labelSelector") != "app=shop" {
					t.Errorf("asked for %s", r.URL)
				}
				w.Header().Set("Content-Type", "application/json")
				switch {
				case q.Get("sendInitialEvents") == "true" && !streams:
					w.WriteHeader(http.StatusUnprocessableEntity)
					_ = json.NewEncoder(w).Encode(failure(422, metav1.StatusReasonInvalid))
				case q.Get("watch") == "":
					list := corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{*pod("a", "1")}}
					list.ResourceVersion = "2"
					_ = json.NewEncoder(w).Encode(list)
				default:
					stream(w, q.Get("sendInitialEvents") == "true")
					<-r.Context().Done()
				}
			})
			follow(t, c)
		})
	}
}

func pod(name, version string) *corev1.Pod {
	return &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "prod", ResourceVersion: version}}
}

func failure(code int32, reason metav1.StatusReason) metav1.Status {
	return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason}
}

// stream writes the events of two pods, after the existing objects if that is
// asked for.
func stream(w io.Writer, initial bool) {
	if initial {
		line(w, watch.Added, pod("a", "1"))
		mark := pod("", "2")
		mark.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		line(w, watch.Bookmark, mark)
	}
	line(w, watch.Added, pod("b", "3"))
	line(w, watch.Deleted, pod("a", "4"))
}

// follow expects an existing pod, a new one, and the deletion of the first.
func follow(t *testing.T, c dynamic.Interface) {
	t.Helper()
	watches := make(chan error, 10)
	i, err := Pods.Informer(c, "prod", metav1.ListOptions{LabelSelector: "app=shop"}, func(err error) { watches <- err })
	if err != nil {
		t.Fatal(err)
	}
	notes := make(chan string, 3)
	note := func(what string, object any) { notes <- what + " " + object.(*corev1.Pod).Name }
	if _, err := i.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    func(object any, before bool) { note(fmt.Sprint("added ", before), object) },
		DeleteFunc: func(object any) { note("deleted", object) },
	}); err != nil {
		t.Fatal(err)
	}
	go i.RunWithContext(t.Context())
	for _, want := range []string{"added true a", "added false b", "deleted a"} {
		if got := <-notes; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for <-watches != nil { // a watch that lists first was refused
	}
}

// TestWatchesAreReported: that a watch has begun, that it has ended, and why there is
// none.
func TestWatchesAreReported(t *testing.T) {
	var refuse atomic.Bool
	end := make(chan struct{})
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		stream(w, true)
		<-end
	})
	watches := make(chan error, 100)
	i, err := Pods.Informer(c, "prod", metav1.ListOptions{}, func(err error) { watches <- err })
	if err != nil {
		t.Fatal(err)
	}
	go i.RunWithContext(t.Context())
	if err := <-watches; err != nil {
		t.Errorf("%v, and there is one", err)
	}
	refuse.Store(true)
	close(end)
	if err := <-watches; err != errEnded {
		t.Errorf("%v, and it has ended", err)
	}
	if err := <-watches; !apierrors.IsUnauthorized(err) {
		t.Errorf("%v, and there is none", err)
	}
}
