package e2e

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Services by what their spec has besides.
const (
	nodePort      = "type: NodePort"
	nodePortLocal = "type: NodePort\n  externalTrafficPolicy: Local"
	headless      = "clusterIP: None"
)

// TestRoutes: every way into a Service, for a server that loses nothing and for
// one that cuts the connections it has kept. TestServers and TestActions come
// through the ClusterIP.
func TestRoutes(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, route := range []struct {
		name     string
		service  string
		replicas int
		from     func(*namespace, app) string // the flag that sets where the load comes from
	}{
		{"node-port", nodePort, 1, (*namespace).throughFirst},
		{"node-port-of-the-other", nodePort, 1, (*namespace).throughLast},
		{"local", nodePortLocal, 1, (*namespace).throughLast},
		{"local-of-two", nodePortLocal, 2, (*namespace).throughLast},
		{"headless", headless, 2, (*namespace).byName},
	} {
		for _, name := range []string{"lameduck", "sleep-exit"} {
			t.Run(route.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newNamespace(t, w)
				a := server(name)
				a.service, a.replicas = route.service, route.replicas
				if strings.Contains(route.service, "Local") {
					a.template = s.everyNode(route.replicas)
				}
				s.deploy(a)
				if name == "lameduck" {
					s.verifyFinds(nil, "deploy/"+a.name, route.from(s, a), rate)
				} else {
					s.verify("deploy/"+a.name, route.from(s, a), rate).wantFinding(t, "cuts-keep-alive-at-exit", alsoAllowed...)
				}
			})
		}
	}
}

// alsoAllowed beside cuts-keep-alive-at-exit: a server that exits while it is used may cut
// a request in flight. A client that at once takes the port of a connection that
// was reset may be sent to the dead pod again: conntrack remembers it for 10 s.
var alsoAllowed = []string{"cuts-in-flight-at-exit", "delay-shorter-than-propagation"}

// TestFallback: where the last endpoint of a node leaves, it gets new
// connections until another is ready, unless its readiness fails (KEP-1669).
// To fail it is right only where the node ends the pod itself.
func TestFallback(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, tt := range []struct {
		server string
		finds  []string
	}{
		{"lameduck", nil},
		{"readiness", []string{"no-endpoint"}},
	} {
		t.Run(tt.server, func(t *testing.T) {
			t.Parallel()
			s := newNamespace(t, w)
			a := server(tt.server)
			a.service, a.template = nodePortLocal, s.everyNode(1)
			a.probe = "failureThreshold: 1, initialDelaySeconds: 6" // the next pod takes longer than kube-proxy
			s.deploy(a)
			s.verifyFinds(tt.finds, "deploy/"+a.name, "--action=delete", s.throughLast(a), rate)
		})
	}
}

// everyNode puts one pod on the last node, or pods on all of them.
func (s *namespace) everyNode(replicas int) string {
	s.Helper()
	if replicas == 1 {
		return onNode(last(s.nodes()))
	}
	if len(s.nodes()) < replicas {
		s.Skipf("it takes %d nodes", replicas)
	}
	return strings.Replace(spread, "ScheduleAnyway", "DoNotSchedule", 1)
}

func onNode(name string) string { return "nodeSelector: {kubernetes.io/hostname: " + name + "}" }

func (s *namespace) nodes() []string {
	s.Helper()
	return strings.Fields(s.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"))
}

func last[T any](all []T) T { return all[len(all)-1] }

func (s *namespace) throughFirst(a app) string { return s.through(a, s.nodes()[0]) }
func (s *namespace) throughLast(a app) string  { return s.through(a, last(s.nodes())) }

// through is a NodePort of one node.
func (s *namespace) through(a app, node string) string {
	s.Helper()
	ip := s.kubectl("get", "node/"+node, "-o", `jsonpath={.status.addresses[?(@.type=="InternalIP")].address}`)
	port := s.kubectl("get", "service/"+a.name, "-o", "jsonpath={.spec.ports[0].nodePort}")
	to := "http://" + net.JoinHostPort(strings.Fields(ip)[0], port)
	s.until(to+" answers", func() bool { return answers(to) }) // kube-proxy may not know the Service yet
	return "--url=" + to
}

func answers(url string) bool {
	res, err := (&http.Client{Timeout: time.Second}).Get(url)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}

// byName lets workers ask cluster DNS.
func (s *namespace) byName(app) string {
	s.Helper()
	if _, err := try(s.T, "", "get", "service/kube-dns", "-n", "kube-system"); err != nil {
		s.Skip("a headless Service needs cluster DNS, and here is no service/kube-dns in kube-system")
	}
	return "--workers=1"
}
