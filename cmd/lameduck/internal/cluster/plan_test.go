package cluster

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// TestTheJobLastsLongEnough: Kubernetes ends it no earlier than the trial.
func TestTheJobLastsLongEnough(t *testing.T) {
	c := kubetest.New(deployment(2), service("shop", shopLabels))
	for name, tt := range map[string]struct {
		cfg   Config
		least time.Duration
	}{
		"a rollout":               {Config{Action: timeline.Rollout}, time.Hour},
		"watch for 2 h":           {Config{Action: timeline.Watch, WatchFor: 2 * time.Hour}, 2 * time.Hour},
		"watch for 10 min, often": {Config{Action: timeline.Watch, WatchFor: 10 * time.Minute, Rounds: 50}, 500 * time.Minute},
		"many rounds":             {Config{Action: timeline.Rollout, ActionTimeout: 20 * time.Minute, Rounds: 10}, 200 * time.Minute},
		"more than a Job lasts":   {Config{Action: timeline.Rollout, ActionTimeout: time.Hour, Rounds: 100_000}, longest},
	} {
		tt.cfg.Access, tt.cfg.Target, tt.cfg.Workers, tt.cfg.Image = &Access{Client: c}, find(t, c), 1, "image"
		if err := tt.cfg.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		job := workers.Manifest(tt.cfg.workers())
		if lasts := time.Duration(job.Spec.ActiveDeadlineSeconds) * time.Second; lasts <= tt.least || lasts > tt.least+2*time.Hour {
			t.Errorf("%s: the Job lasts for %v, want a little more than %v", name, lasts, tt.least)
		}
	}
}

// TestTooLongToWatch: it is refused before anything is done.
func TestTooLongToWatch(t *testing.T) {
	c := kubetest.New(deployment(2), service("shop", shopLabels))
	cfg := Config{Access: &Access{Client: c}, Target: find(t, c), Action: timeline.Watch, WatchFor: 24 * time.Hour, Rounds: 31}
	if err := cfg.Check(); err == nil || !strings.Contains(hint.Of(err), "--for") {
		t.Errorf("%v", err)
	}
	cfg.URL = &url.URL{Scheme: "http", Host: "192.0.2.1"}
	if err := cfg.Check(); err != nil {
		t.Errorf("without workers: %v", err)
	}
}

// TestThePlanHasWhatIsLeft: what each action changes, what is restored, and what stays.
func TestThePlanHasWhatIsLeft(t *testing.T) {
	c := kubetest.New(deployment(2), service("shop", shopLabels))
	for action, want := range map[timeline.Action][]string{
		timeline.Rollout:   {"set the annotation ", "restore afterwards: delete the job\n", "what stays: the annotation, and a revision of deployment/shop for each round"},
		timeline.Delete:    {"delete all pods of deployment/shop at once, which no PodDisruptionBudget prevents", "restore afterwards: delete the job\n"},
		timeline.DrainNode: {"cordon the node of the first pod", "restore afterwards: delete the job, uncordon the node\n"},
		timeline.ScaleDown: {"scale deployment/shop from 2 to 1", "restore afterwards: delete the job, scale to 2\n"},
	} {
		var plan strings.Builder
		cfg := Config{Access: &Access{Client: c}, Target: find(t, c), Action: action, Workers: 2}
		if err := Plan(&plan, cfg, traffic.Spec{}.WithDefaults()); err != nil {
			t.Error(err)
		}
		for _, text := range want {
			if !strings.Contains(plan.String(), text) {
				t.Errorf("%s: want %q in\n%s", action, text, plan.String())
			}
		}
		if stays := strings.Contains(plan.String(), "what stays"); stays != (action == timeline.Rollout) {
			t.Errorf("%s: what stays: %v\n%s", action, stays, plan.String())
		}
	}
}

// TestThePlanHasTheRequest: whatever the requests have, but no value of a header.
func TestThePlanHasTheRequest(t *testing.T) {
	c := kubetest.New(deployment(2), service("shop", shopLabels))
	cfg := Config{Access: &Access{Client: c}, Target: find(t, c), Action: timeline.Watch, URL: &url.URL{Scheme: "https", Host: "shop.example"}}
	var load traffic.Spec
	for want, change := range map[string]func(){
		"GET /, host shop.example, with TLS if the server answers a ClientHello": func() {},
		"PUT /x, host other, headers Authorization, Accept, 5 bytes of content, with TLS": func() {
			load.Request = timeline.Request{Method: "PUT", Path: "/x", Host: "other", Body: 5, TLS: timeline.TLSOn,
				Headers: []timeline.Header{{Name: "Authorization", Value: "s3cret"}, {Name: "Accept", Value: "*/*"}}}
		},
	} {
		load = traffic.Spec{}.WithDefaults()
		load.Host = ""
		change()
		var plan strings.Builder
		if err := Plan(&plan, cfg, load); err != nil || !strings.Contains(plan.String(), ": "+want+"\n") || strings.Contains(plan.String(), "s3cret") {
			t.Errorf("%v, want %q in\n%s", err, want, plan.String())
		}
	}
}
