package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// shopConfig is a ConfigMap and a Secret, beside some of the same names in
// another namespace.
const shopConfig = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {GREETING: "hello $(USER)", app.conf: "a=1\n"}
binaryData: {LOGO: AAEC}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
data: {TOKEN: YWJj, PLAIN: YWJj}
stringData: {PLAIN: override}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: away, namespace: elsewhere}
data: {A: b}
`

func TestVariablesOfConfigMapsAndSecrets(t *testing.T) {
	w := read(t, deployment(`
envFrom:
- configMapRef: {name: shop}
- {prefix: S_, secretRef: {name: shop}}
- configMapRef: {name: none, optional: true}
- configMapRef: {name: away}
env:
- {name: GREETING, valueFrom: {configMapKeyRef: {name: shop, key: GREETING}}}
- {name: TOKEN, valueFrom: {secretKeyRef: {name: shop, key: TOKEN}}}
- {name: MAYBE, valueFrom: {secretKeyRef: {name: shop, key: none, optional: true}}}
- {name: ABSENT, valueFrom: {secretKeyRef: {name: none, key: k, optional: true}}}
- {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
- {name: PLAIN, value: "$(TOKEN)"}
`, "")+shopConfig)
	want := []Env{
		{Name: "GREETING", Value: "hello $(USER)", Verbatim: true},
		{Name: "app.conf", Value: "a=1\n", Verbatim: true},
		{Name: "S_TOKEN", Value: "abc", Verbatim: true},
		{Name: "S_PLAIN", Value: "override", Verbatim: true},
		{Name: "GREETING", Value: "hello $(USER)", Verbatim: true},
		{Name: "TOKEN", Value: "abc", Verbatim: true},
		{Name: "PLAIN", Value: "$(TOKEN)"},
	}
	if diff := cmp.Diff(want, w.Pod.Env); diff != "" {
		t.Error(diff)
	}
	notes := []string{
		"deploy.yaml:18:25: ConfigMap away is not in the file: its variables keep the values that they have in this shell, if any",
		"deploy.yaml:24:11: env CPU comes from a resourceFieldRef, which is not available here: it is not set",
	}
	if diff := cmp.Diff(notes, w.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestWrongConfigMapsAndSecrets(t *testing.T) {
	for name, test := range map[string]struct{ container, objects, want, hint string }{
		"no such key": {
			"env: [{name: A, valueFrom: {configMapKeyRef: {name: shop, key: greeting}}}]", shopConfig,
			"deploy.yaml:14:72: spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap shop has no key greeting, and the variable is not optional",
			"it has GREETING, app.conf",
		},
		"binary data is for files": {
			"env: [{name: A, valueFrom: {configMapKeyRef: {name: shop, key: LOGO}}}]", shopConfig,
			"deploy.yaml:14:72: spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key: ConfigMap shop has no key LOGO, and the variable is not optional",
			"it has GREETING, app.conf",
		},
		"a number": {
			"envFrom: [{configMapRef: {name: c}}]", "---\nkind: ConfigMap\nmetadata: {name: c}\ndata: {PORT: 80}\n",
			"deploy.yaml:18:14: ConfigMap/c.data.PORT: want text, not 80", "put it in quotes",
		},
		"not base64": {
			"envFrom: [{secretRef: {name: c}}]", "---\nkind: Secret\nmetadata: {name: c}\ndata: {TOKEN: plain text}\n",
			"deploy.yaml:18:15: Secret/c.data.TOKEN: is not base64", "put plain text into stringData",
		},
		"binary": {
			"envFrom: [{secretRef: {name: c}}]", "---\nkind: Secret\nmetadata: {name: c}\ndata: {TOKEN: AAEC}\n",
			"deploy.yaml:14:31: spec.template.spec.containers[0].envFrom[0].secretRef: the value of key TOKEN is not text", "",
		},
		"a list": {
			"envFrom: [{secretRef: {name: c}}]", "---\nkind: Secret\nmetadata: {name: c}\ndata: [a]\n",
			`deploy.yaml:18:7: Secret/c.data: want fields, not a list`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("deploy.yaml", strings.NewReader(deployment(test.container, "")+test.objects), Choice{})
			if err == nil {
				t.Fatal("was read")
			}
			if err.Error() != test.want || hint.Of(err) != test.hint {
				t.Errorf("\n got %s\nwant %s\n got hint %q\nwant hint %q", err, test.want, hint.Of(err), test.hint)
			}
		})
	}
}
