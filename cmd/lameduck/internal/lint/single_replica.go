package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// One pod behind a Service has no other that could take its connections.
var ruleSingleReplica = rule{
	id:    "single-replica",
	title: "Only one pod is behind a Service",
	why: "A rolling update starts the new pod before it ends the old one. An eviction does not: when the node is drained, or a pod with a higher priority needs the " +
		"room, the only pod ends first, and connections are refused until its replacement has been scheduled, has started and is ready. " +
		"No PodDisruptionBudget helps: it can only forbid the eviction, and then the drain waits for ever.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/",
		"https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
	},
	severity: Warning,
	check:    eachWorkload(singleReplica),
}

func singleReplica(w *model.Workload, r *report) {
	n, known := w.Replicas()
	s := w.Alone()
	if !known || n != 1 || s == nil {
		return
	}
	keeps := budgetOfOne(w)
	if keeps != nil && w.Kind != "StatefulSet" {
		return // no drain evicts it, which has a rule with the same cure
	}
	o, at := w.ReplicasAt()
	volume := r.set.ExclusiveVolume(w)
	switch {
	case w.Kind == "Pod":
		r.add(o, w.Get("metadata", "name"), "the pod is alone behind Service %s, and no controller replaces it when its node is drained", s.Name).
			cure("let a Deployment with replicas: 2 make the pod")
	case w.Scaler != nil:
		minimumOfOne(r, w, at, s)
	case s.OnlyWebhook() != nil:
		oneForWebhook(r, w, s)
	case w.Kind == "StatefulSet":
		when := "in a rollout, and after a drain of its node,"
		if keeps != nil {
			when = "in a rollout"
		}
		r.add(o, at, "one pod is behind Service %s: no pod serves %s until the new pod is ready", s.Name, when).
			as(Info).cure("let the clients retry until it is back, or %s", moreMembers)
	case volume != "":
		r.add(o, at, "one pod is behind Service %s: no pod serves after a drain of its node until a new one is ready", s.Name).
			as(Info).because("%s", volume).
			cure("let the clients retry until it is back, or set replicas to 2 without that volume")
	case !w.Sized():
		r.add(o, at, "one pod is behind Service %s: connections are refused at each drain of its node until a new pod is ready", s.Name).
			as(Info).because(notSized, w).
			cure("set replicas to 2, if two pods can run at the same time")
	default:
		r.add(o, at, "one pod is behind Service %s: connections are refused at each drain of its node until a new pod is ready", s.Name).
			because("replicas: 1, and an eviction ends the pod before another starts").
			cure("set replicas to 2, if two pods can run at the same time")
	}
}

// budgetOfOne is a budget that keeps the only pod of w from being evicted.
func budgetOfOne(w *model.Workload) *model.Budget {
	for _, b := range w.Budgets {
		if why, certain := b.NeverAllows(); why != "" && certain && b.Guards().Pods == 1 {
			return b
		}
	}
	return nil
}

// oneForWebhook reports one pod that the API server alone asks: it loses no connection of
// other clients.
func oneForWebhook(r *report, w *model.Workload, s *model.Service) {
	h := s.OnlyWebhook()
	lost, policy := withoutWebhook(h)
	o, at := w.ReplicasAt()
	f := r.add(o, at, "one pod is behind Service %s: at each drain of its node, until a new pod is ready, the API server %s", s.Name, lost).
		because("%s, and only the API server connects to the Service", policy).cure("set replicas to 2")
	if !w.Sized() {
		f.because(notSized, w)
	}
	if !w.Sized() || !h.Fails {
		f.as(Info)
	}
}

// withoutWebhook is what the API server does while a webhook does not answer, and why.
func withoutWebhook(h *model.Webhook) (does, policy string) {
	switch {
	case h.Kind == "CustomResourceDefinition":
		return fmt.Sprintf("refuses each request that has to convert an object of %s", h), "spec.conversion by a webhook"
	case h.Fails:
		return fmt.Sprintf("refuses each request that %s covers", h), "failurePolicy: Fail"
	}
	return fmt.Sprintf("lets each request pass unchecked that %s covers", h), "failurePolicy: Ignore" // Fail is the default, but in v1beta1 Ignore is
}

// moreMembers is how a StatefulSet gets more pods: of two that vote neither may be missing.
const moreMembers = "set replicas to 2 (3 where a majority has to agree) if the server can replicate its data"

const notSized = "replicas is not set and is 1, unless an autoscaler that is not among these files scales %s"

// minimumOfOne reports an autoscaler that may leave one pod. --fix may raise the minimum:
// a workload that runs with more pods at other times can run with two.
func minimumOfOne(r *report, w *model.Workload, at object.Value, s *model.Service) {
	scaler := w.Scaler
	f := r.add(scaler, at, "%s leaves one pod behind Service %s: connections are then refused at each drain of its node until a new pod is ready", scaler, s.Name).
		about(w.Object).because("%s: 1", minimumOf(scaler)).cure("set %s to 2", minimumOf(scaler))
	if !at.Present() {
		f.because("%s is 1 by default", minimumOf(scaler))
	}
	if maximum, ok := scaler.Get("spec", maximumOf(scaler)).Int(); ok && maximum < 2 {
		f.cure("set %s to 2, and %s to more", minimumOf(scaler), maximumOf(scaler))
		return
	}
	f.by(scaler.Value, []string{"spec", minimumOf(scaler)}, 2)
}

// minimumOf is the name of the field that has the minimum of a scaler.
func minimumOf(scaler *object.Object) string {
	if scaler.Kind == "ScaledObject" {
		return "minReplicaCount"
	}
	return "minReplicas"
}

func maximumOf(scaler *object.Object) string {
	if scaler.Kind == "ScaledObject" {
		return "maxReplicaCount"
	}
	return "maxReplicas"
}
