package lint

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func pack(objects []*object.Object) (packed []*object.Packed) {
	var p object.Packer
	for _, o := range objects {
		packed = append(packed, p.Pack(o))
	}
	return packed
}

func sentences(findings []Finding) (all []string) {
	for _, f := range findings {
		all = append(all, fmt.Sprintf("%s:%d:%d %s %s %s %s %s %s", f.File, f.Line, f.Column, f.ID, f.Severity, f.Object, f.Summary, f.Evidence, f.Fix))
	}
	slices.Sort(all) // those at one place may have another order
	return all
}

// TestGroups: objects that are divided into groups have the findings that they have
// together: each rule has examples, so each has one with every object that it looks at.
func TestGroups(t *testing.T) {
	for file, text := range exampleTexts(t) {
		objects := readObjects(t, file, text)
		slices.Reverse(objects) // an object may be before what names it, and after it
		for range 2 {
			slices.Reverse(objects)
			together, divided := sentences(Objects(objects)), sentences(Options{}.Packed(pack(objects)))
			if diff := cmp.Diff(together, divided); diff != "" {
				t.Errorf("%s: (-together +divided)\n%s", file, diff)
			}
		}
	}
}

// TestGroupsAreSmall: services that have nothing to do with each other are not in memory at
// the same time, whatever labels and policies they share.
func TestGroupsAreSmall(t *testing.T) {
	const services = 200
	text := []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n")
	for i := range services {
		text = append(text, bytes.ReplaceAll([]byte(independent), []byte("NAME"), fmt.Appendf(nil, "web-%d", i))...)
	}
	groups := model.Divide(pack(readObjects(t, "a.yaml", text)), false)
	if got := len(groups.All); got != services+1 {
		t.Errorf("%d groups, want %d", got, services+1)
	}
	if got := len(model.Divide(pack(readObjects(t, "a.yaml", text)), true).All); got != 1 {
		t.Errorf("the objects of one file are in %d groups", got)
	}
}

const independent = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME, managed-by: Helm}}
  template:
    metadata: {labels: {app: NAME, managed-by: Helm, tier: front}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: NAME}}}]
      containers:
      - name: web
        image: web
        envFrom: [{configMapRef: {name: NAME}}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: NAME}, data: {key: value}}
---
{apiVersion: v1, kind: Service, metadata: {name: NAME}, spec: {selector: {managed-by: Helm, app: NAME}, ports: [{port: 80}]}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: NAME-pdb}, spec: {maxUnavailable: 1, selector: {matchLabels: {managed-by: Helm, app: NAME}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: NAME}, spec: {minReplicas: 3, scaleTargetRef: {kind: Deployment, name: NAME}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: NAME}
spec: {defaultBackend: {service: {name: NAME}}}
`

// FuzzGroups: a text has the same findings in groups.
func FuzzGroups(f *testing.F) {
	for _, text := range exampleTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var objects []*object.Object
		file := &object.File{Name: "a.yaml", Data: text}
		for _, part := range document.Split(text) {
			object.ReadPart(file, part, func(o *object.Object) { objects = append(objects, o) })
		}
		together, divided := sentences(Objects(objects)), sentences(Options{}.Packed(pack(objects)))
		if diff := cmp.Diff(together, divided); diff != "" {
			t.Errorf("(-together +divided)\n%s", diff)
		}
	})
}
