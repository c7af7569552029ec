package manifest

import (
	"strings"
	"testing"
)

func TestMisspeltAndMisplacedFields(t *testing.T) {
	in := func(from, to string) string {
		text := deployment("readinessProbe: {httpGet: {port: http}, periodSeconds: 5}\nlifecycle: {preStop: {sleep: {seconds: 1}}}", "terminationGracePeriodSeconds: 60") + service80("http")
		if !strings.Contains(text, from) {
			t.Fatalf("%q is not in the manifest", from)
		}
		return strings.Replace(text, from, to, 1)
	}
	const noField = ": Kubernetes has no field of this name here"
	for name, test := range map[string]struct{ text, want, hint string }{
		"a letter less": {in("periodSeconds", "periodSecond"), "deploy.yaml:15:49: spec.template.spec.containers[0].readinessProbe.periodSecond" + noField, "did you mean periodSeconds?"},
		"upper case":    {in("preStop", "prestop"), "deploy.yaml:16:21: spec.template.spec.containers[0].lifecycle.prestop" + noField, "did you mean preStop?"},
		"two swapped":   {in("template", "tempalte"), "deploy.yaml:6:3: spec.tempalte" + noField, "did you mean template?"},
		"two letters":   {in("terminationGracePeriodSeconds", "terminationGracePeriodSecs"), "deploy.yaml:10:7: spec.template.spec.terminationGracePeriodSecs" + noField, "did you mean terminationGracePeriodSeconds?"},
		"in a Service":  {in("targetPort", "targetport"), "deploy.yaml:23:22: Service/front.spec.ports[0].targetport" + noField, "did you mean targetPort?"},
		"too deep": {
			in("lifecycle:", "terminationGracePeriodSeconds: 1\n        lifecycle:"),
			"deploy.yaml:16:9: spec.template.spec.containers[0].terminationGracePeriodSeconds" + noField, "terminationGracePeriodSeconds is a field of spec.template.spec",
		},
		"not deep enough": {
			in("lifecycle: {preStop: {sleep: {seconds: 1}}}", "preStop: {sleep: {seconds: 1}}"),
			"deploy.yaml:16:9: spec.template.spec.containers[0].preStop" + noField, "preStop is a field of spec.template.spec.containers[0].lifecycle",
		},
		"replicas of the pod": {
			in("terminationGrace", "replicas: 3\n      terminationGrace"),
			"deploy.yaml:10:7: spec.template.spec.replicas" + noField, "replicas is a field of spec",
		},
		"spec in metadata": {in("spec:\n  template", "kin: x\nspec:\n  template"), "deploy.yaml:5:1: kin" + noField, "did you mean kind?"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, test.text, test.want, test.hint)
		})
	}
}

// TestUnknownFields are those of another Kubernetes, and of other software: no
// name like theirs is in Kubernetes.
func TestUnknownFields(t *testing.T) {
	w := read(t, deployment("turboBoost: {level: 3}", "")+`---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: other}
spec: {portz: 1}
`)
	want := "deploy.yaml:14:9: spec.template.spec.containers[0].turboBoost is not a field of Kubernetes that this tool knows; it has no effect here"
	if len(w.Notes) != 1 || w.Notes[0] != want {
		t.Errorf("notes %q, want %q", w.Notes, want)
	}
}
