package model

import (
	"fmt"
	"slices"
	"strings"
)

// spotLabels are labels and taints of nodes that their cloud takes back at any time. Pods
// select or tolerate them. The value "" stands for any.
var spotLabels = []struct{ name, value, cloud string }{
	{"cloud.google.com/gke-spot", "true", "GKE"},
	{"cloud.google.com/gke-preemptible", "true", "GKE"},
	{"cloud.google.com/gke-provisioning", "spot", "GKE"},
	{"cloud.google.com/gke-provisioning", "preemptible", "GKE"},
	{"eks.amazonaws.com/capacityType", "SPOT", "EKS"},
	{"karpenter.sh/capacity-type", "spot", "Karpenter"},
	{"kubernetes.azure.com/scalesetpriority", "spot", "AKS"},
	{"oci.oraclecloud.com/oke-is-preemptible", "", "OKE"},
}

// Interruptions are what ends pods at any time, and not only in deploys.
func (w *Workload) Interruptions() (all []string) {
	if s := w.Scaler; s != nil && s.Get("spec", "behavior", "scaleDown", "selectPolicy").Text() != "Disabled" {
		all = append(all, fmt.Sprintf("%s scales down, which ends pods outside of deploys too", s))
	}
	if where := w.MayRunOnSpot(); where != "" {
		all = append(all, fmt.Sprintf("the pods may run on spot nodes (%s), which their cloud takes back at any time", where))
	}
	return all
}

// MayRunOnSpot is the label of spot nodes that the pods select or tolerate; "": none.
func (w *Workload) MayRunOnSpot() string {
	for name, v := range w.Pod.Get("nodeSelector").Fields() {
		if isSpot(name, v.Text()) {
			return "nodeSelector " + name + ": " + v.Text()
		}
	}
	for _, t := range w.Pod.Get("tolerations").Items() {
		name, value := t.Get("key").Text(), t.Get("value").Text()
		if isSpot(name, value) || t.Get("operator").Text() == "Exists" && isSpot(name, anyValue) {
			return "a toleration of " + name
		}
	}
	affinity := w.Pod.Get("affinity", "nodeAffinity")
	terms := affinity.Get("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms").Items()
	for _, p := range affinity.Get("preferredDuringSchedulingIgnoredDuringExecution").Items() {
		terms = append(terms, p.Get("preference"))
	}
	for _, term := range terms {
		for _, e := range term.Get("matchExpressions").Items() {
			name := e.Get("key").Text()
			spot := func(value string) bool { return isSpot(name, value) }
			if e.Get("operator").Text() == "In" && slices.ContainsFunc(e.Get("values").Texts(), spot) || e.Get("operator").Text() == "Exists" && spot(anyValue) {
				return "nodeAffinity " + name
			}
		}
	}
	return ""
}

const anyValue = "*"

func isSpot(name, value string) bool {
	for _, l := range spotLabels {
		if l.name == name && (l.value == "" || value == anyValue && l.value == "true" || strings.EqualFold(l.value, value)) {
			return true
		}
	}
	return false
}
