package gather

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestValues: an advice names the values of the chart that become its fields, and none of another
// component.
func TestValues(t *testing.T) {
	write(t, map[string]string{
		"shop/Chart.yaml":               "name: shop\n",
		"shop/templates/NOTES.txt":      "{{ .Values.notes }}",
		"shop/templates/_pod.tpl":       "lifecycle: {{ .Values.lifecycleHooks }}\nspread: {{ toYaml .Values.front.topologySpreadConstraints }}\n",
		"shop/templates/web.yaml":       "replicas: {{ .Values.replicaCount }}\ngrace: {{ .Values.terminationGracePeriodSeconds }}\nother: {{ .Values.proxy.lifecycle }}\n",
		"shop/templates/front/web.yaml": "replicas: {{ .Values.front.replicas | int }}{{ if lt .Values.front.replicas 2 }}x{{ end }}\n",
		"shop/templates/front/pdb.yaml": "{{ if .Values.front.pdb.create }}\nminAvailable: {{ .Values.front.pdb.minAvailable }}\n{{ end }}\n",
		"shop/templates/worker.yaml":    "replicas: {{ .Values.worker.replicas }}\n",
		"plain/web.yaml":                configMap,
	})
	program(t, "helm", "printf -- '---\\n# Source: shop/templates/web.yaml\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: a}\\n'")
	m := Read(t.Context(), []string{"."}, nil)
	const (
		hook   = "set lifecycle.preStop.sleep.seconds to 10 in container web, and terminationGracePeriodSeconds to 25"
		budget = "set replicas to 2 and the budget to maxUnavailable: 1, or delete the budget"
	)
	for _, c := range []struct{ file, advice, want string }{
		{"shop/templates/web.yaml", hook, "lifecycleHooks terminationGracePeriodSeconds"},
		{"shop/templates/web.yaml", budget, "replicaCount"},
		{"shop/templates/front/web.yaml", hook, ""},
		{"shop/templates/front/web.yaml", "add topologySpreadConstraints with maxSkew: 1", "front.topologySpreadConstraints"},
		{"shop/templates/front/web.yaml", budget, "front.replicas front.pdb"},
		{"shop/templates/front/pdb.yaml", budget, "front.pdb"},
		{"shop/templates/worker.yaml", budget, "worker.replicas"},
		{"plain/web.yaml", budget, ""},
	} {
		if got := strings.Join(m.Values(Place{File: filepath.FromSlash(c.file)}, c.advice, true), " "); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.file, c.advice, got, c.want)
		}
	}
	web := Place{File: filepath.FromSlash("shop/templates/web.yaml")}
	if got := strings.Join(m.Values(web, hook, false), " "); got != "terminationGracePeriodSeconds" {
		t.Errorf("of one of two containers: %q", got)
	}
}
