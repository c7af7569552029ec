package manifest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead holds the reader to its promises for any input: no panic; an error
// is one line that begins with the file's name; what is read is complete, and
// the same again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(deployment("livenessProbe: {exec: {command: [a]}}", "terminationGracePeriodSeconds: 5") + service80("http")))
	f.Add([]byte(deployment("env: [&e {name: A, value: b}, *e, {<<: *e, name: C}]", "")))
	f.Add([]byte(`{"kind":"List","items":[{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},` +
		`"spec":{"template":{"spec":{"containers":[{"name":"b"}]}}}}]}`))
	f.Add([]byte("kind: A\nx: &a [*a]\n"))
	f.Add([]byte("kind: \"a\\nb\"\n"))
	f.Add([]byte("? [a]\n: {{ b }}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := Read("f", bytes.NewReader(data), Choice{})
		if err != nil {
			if w != nil || strings.ContainsAny(err.Error(), "\n\r\x00") || !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("a workload %v with the error %q", w, err)
			}
			return
		}
		if w.Name == "" || w.Pod.Container == "" || w.Replicas < 0 || w.Pod.Grace < 0 || w.Target.Number < 0 {
			t.Fatalf("incomplete: %+v", w)
		}
		again, err := Read("f", bytes.NewReader(data), Choice{})
		if diff := cmp.Diff(w, again); err != nil || diff != "" {
			t.Fatalf("read again: %v\n%s", err, diff)
		}
	})
}
