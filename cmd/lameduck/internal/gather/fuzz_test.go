package gather_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/output"
)

// FuzzLint: no text, judged as a whole, ends the program; findings are at places of the
// text, and can be written.
func FuzzLint(f *testing.F) {
	files, err := filepath.Glob("../lint/testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := gather.Read(t.Context(), []string{gather.Stdin}, bytes.NewReader(text))
		r := &output.Result{Manifests: m, FailOn: lint.Warning}
		for _, set := range m.Sets() {
			r.Findings = append(r.Findings, lint.Options{}.Packed(set)...)
		}
		lines := 1
		for range document.Lines(text) {
			lines++
		}
		for _, finding := range r.Findings {
			if finding.Line < 1 || finding.Line > lines || finding.Column < 1 {
				t.Errorf("%s is at %d:%d", finding.ID, finding.Line, finding.Column)
			}
		}
		if err := output.Text(io.Discard, r, true); err != nil {
			t.Error(err)
		}
		if err := output.SARIF(io.Discard, r); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkLint judges 10,000 manifests, each a Deployment, its Service or its
// PodDisruptionBudget.
func BenchmarkLint(b *testing.B) {
	const manifests = 10_000
	dir := b.TempDir()
	for i := range manifests / 3 {
		text := bytes.ReplaceAll([]byte(service), []byte("NAME"), fmt.Appendf(nil, "web-%d", i))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		m := gather.Read(b.Context(), []string{dir}, nil)
		for _, set := range m.Sets() {
			lint.Options{}.Packed(set)
		}
		if n := len(m.Objects); n != manifests/3*3 {
			b.Fatalf("%d objects", n)
		}
	}
	b.ReportMetric(float64(b.N*manifests)/b.Elapsed().Seconds(), "manifests/s")
}

const service = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
  labels: {app: NAME}
spec:
  replicas: 3
  selector:
    matchLabels: {app: NAME}
  template:
    metadata:
      labels: {app: NAME}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: web
          image: registry.example/web:1
          ports:
            - {name: http, containerPort: 8080}
          readinessProbe:
            httpGet: {path: /ready, port: http}
          lifecycle:
            preStop:
              sleep: {seconds: 10}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
---
apiVersion: v1
kind: Service
metadata:
  name: NAME
spec:
  selector: {app: NAME}
  ports:
    - {name: http, port: 80, targetPort: http}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: NAME
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {app: NAME}
`
