package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// metricsFirst has a Service for the metrics before the one that clients use,
// and a headless one after it.
var metricsFirst = strings.Replace(deployment("readinessProbe: {httpGet: {port: http}}", ""),
	"        - {name: http", "        - {name: metrics, containerPort: 9090}\n        - {name: http", 1) + `      - name: proxy
        ports: [{name: tls, containerPort: 8443}]
---
apiVersion: v1
kind: Service
metadata: {name: metrics}
spec: {selector: {app: shop}, ports: [{port: 9090, targetPort: metrics}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: shop}, ports: [{port: 8080, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: shop}
  ports: [{name: tls, port: 443, targetPort: tls}, {name: http, port: 80, targetPort: 8080}]
`

func TestChoice(t *testing.T) {
	const others = "deploy.yaml:34:10: the load goes to Service web:80; metrics:9090, peers:8080, web:443 would lead to these pods too (--service and --port choose)"
	for name, test := range map[string]struct {
		want      Choice
		service   string
		port      int
		container string
		note      string
	}{
		"the probed port": {Choice{}, "web", 8080, "app", others},
		"a Service":       {Choice{Service: "metrics"}, "metrics", 9090, "app", ""},
		"a headless one":  {Choice{Service: "peers"}, "peers", 8080, "app", ""},
		"a port":          {Choice{Port: "9090"}, "metrics", 9090, "app", ""},
		"a port by name":  {Choice{Port: "tls"}, "web", 8443, "proxy", ""},
		"both":            {Choice{Service: "web", Port: "443"}, "web", 8443, "proxy", ""},
		"a container":     {Choice{Container: "proxy"}, "web", 8443, "proxy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := Read("deploy.yaml", strings.NewReader(metricsFirst), test.want)
			if err != nil {
				t.Fatal(err)
			}
			if w.Service.Name != test.service || w.Target.Number != test.port || w.Pod.Container != test.container {
				t.Errorf("Service %s, port %d, container %s", w.Service.Name, w.Target.Number, w.Pod.Container)
			}
			if test.note != "" && !slices.Contains(w.Notes, test.note) {
				t.Errorf("notes %q, want %q", w.Notes, test.note)
			}
		})
	}
}

func TestChoiceWithoutService(t *testing.T) {
	text, _, _ := strings.Cut(metricsFirst, "---\n")
	for want, choice := range map[int]Choice{8080: {}, 9090: {Port: "metrics"}, 8443: {Port: "8443"}, 7000: {Port: "7000"}} {
		w, err := Read("deploy.yaml", strings.NewReader(text), choice)
		if err != nil || w.Target.Number != want {
			t.Errorf("%+v: %v, %v", choice, w, err)
		}
	}
}

func TestNothingIsWhatWasAskedFor(t *testing.T) {
	const advice = "the pods have the containers app, proxy, and the Services send to them by metrics:9090, peers:8080, web:443, web:80"
	for want, choice := range map[string]Choice{
		"--service none":                   {Service: "none"},
		"--port 81":                        {Port: "81"},
		"--container none":                 {Container: "none"},
		"--service metrics and --port tls": {Service: "metrics", Port: "tls"},
	} {
		_, err := Read("deploy.yaml", strings.NewReader(metricsFirst), choice)
		if err == nil || err.Error() != "deploy.yaml: nothing in it is "+want || hint.Of(err) != advice {
			t.Errorf("%v, hint %q", err, hint.Of(err))
		}
	}
}

// TestPortThatThePodDoesNotHave: the number of a port that no container declares
// is right only if the process listens there.
func TestPortThatThePodDoesNotHave(t *testing.T) {
	w := read(t, deployment("readinessProbe: {httpGet: {port: http}}", "")+service80("8081"))
	want := []string{
		"deploy.yaml:21:10: Service front sends to port 8081 of the pods, which container app does not declare (it has http 8080)",
		"deploy.yaml:21:10: the readiness probe asks port 8080, and Service front sends to port 8081: a pod is ready whether or not it serves there",
	}
	if !slices.Equal(w.Notes, want) || w.Target.Number != 8081 {
		t.Errorf("%q", w.Notes)
	}
}
