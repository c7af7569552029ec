package gather

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

const (
	workload  = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {}\n"
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
)

// write makes files below a folder for the test, and makes it the working folder.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// read reads what the arguments name, as text: objects with their places, then what was skipped,
// then the errors.
func read(t *testing.T, args ...string) []string {
	t.Helper()
	m := Read(t.Context(), args, strings.NewReader(workload))
	var lines []string
	for _, packed := range m.Objects {
		o := packed.Object()
		lines = append(lines, fmt.Sprintf("%s:%s %s", filepath.ToSlash(o.File().Name), o.Pos(), o))
	}
	for _, s := range m.Skipped {
		lines = append(lines, fmt.Sprintf("skipped %s:%d: %s", filepath.ToSlash(s.File), s.Line, s.Why))
	}
	for _, err := range m.Unread {
		lines = append(lines, "unread "+err.Error())
		if hint.Of(err) == "" {
			t.Errorf("%v: no hint", err)
		}
	}
	return lines
}

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFilesAndFolders(t *testing.T) {
	write(t, map[string]string{
		"a/web.yaml": workload, "a/b/web.YML": workload, "a/b/c.json": `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}`,
		"a/.hidden/web.yaml": workload, "a/README.md": "no manifest", "web.txt": workload,
	})
	want(t, read(t, "a"), "a/b/c.json:1:1 ConfigMap a", "a/b/web.YML:1:1 Deployment web", "a/web.yaml:1:1 Deployment web")
	want(t, read(t, "web.txt", "-", "a/web.yaml", "a/../a/web.yaml"), "stdin:1:1 Deployment web", "web.txt:1:1 Deployment web", "a/web.yaml:1:1 Deployment web")
	want(t, read(t, "a/.hidden"), "a/.hidden/web.yaml:1:1 Deployment web")
}

// TestLinkToFolder: an argument that is a link stands for what it leads to; a link that is found is not
// followed.
func TestLinkToFolder(t *testing.T) {
	write(t, map[string]string{"releases/2/web.yaml": workload, "releases/2/chart/Chart.yaml": "name: web\n"})
	for link, to := range map[string]string{"current": "releases/2", "chart": "releases/2/chart", "releases/2/link": ".."} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	skipped := "/Chart.yaml:1: a Helm chart, and there is no helm in PATH that renders it: helm template CHART | lameduck lint -"
	want(t, read(t, "current"), "current/web.yaml:1:1 Deployment web", "skipped current/chart"+skipped)
	want(t, read(t, "chart"), "skipped chart"+skipped)
}

// What cannot be read is named, and hides nothing else.
func TestUnread(t *testing.T) {
	write(t, map[string]string{
		"good.yaml": configMap, "binary.yaml": "a: 1\nb: \x00\n", "latin1.yaml": "a: 1\nb: 2\nc: \xe9\n",
		"broken.yaml": configMap + "---\na: [\n---\n" + configMap, "template.yaml": configMap + "---\na: {{ .Values.a }}\n",
		"bomb.yaml": bomb(), "deep.json": strings.Repeat("[", 100_000),
	})
	if err := os.Symlink("loop.yaml", "loop.yaml"); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(".", "around"); err != nil {
		t.Fatal(err)
	}
	got := read(t, ".")
	for i, line := range got {
		if strings.Contains(line, "deep.json") || strings.Contains(line, "bomb.yaml") {
			got[i], _, _ = strings.Cut(line, ": ") // the words are those of package document
		}
	}
	want(t, got,
		"broken.yaml:1:1 ConfigMap a", "broken.yaml:7:1 ConfigMap a", "good.yaml:1:1 ConfigMap a", "template.yaml:1:1 ConfigMap a",
		"skipped template.yaml:4: a template that is not rendered",
		"unread binary.yaml:2:1: not text, so not a manifest",
		"unread bomb.yaml:3:26",
		"unread broken.yaml:6:1: not YAML: did not find expected node content while parsing a flow node",
		"unread deep.json:1:101",
		"unread latin1.yaml:3:1: not text, so not a manifest",
		"unread loop.yaml: too many levels of symbolic links",
	)
}

// TestDuplicateKey: the object is judged with the last of the two.
func TestDuplicateKey(t *testing.T) {
	write(t, map[string]string{"web.yaml": workload + "  replicas: 1\n  replicas: 2\n  replicas: 3\n---\n" + configMap})
	want(t, read(t, "."), "web.yaml:1:1 Deployment web", "web.yaml:10:1 ConfigMap a",
		"unread web.yaml:7:3: duplicate key replicas, first on line 6", "unread web.yaml:8:3: duplicate key replicas, first on line 7")
	replicas := Read(t.Context(), []string{"."}, nil).Objects[0].Object().Get("spec", "replicas")
	if n, _ := replicas.Int(); n != 3 || replicas.Pos().Line != 8 {
		t.Errorf("replicas: %d, on line %d", n, replicas.Pos().Line)
	}
}

// TestPipeWithoutWriter: waiting for a pipe can be interrupted.
func TestPipeWithoutWriter(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := exec.Command("mkfifo", "pipe").Run(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if m := Read(ctx, []string{"pipe"}, nil); len(m.Unread) != 1 || !errors.Is(m.Unread[0], context.Canceled) {
		t.Errorf("%v", m.Unread)
	}
	pipe, err := os.OpenFile("pipe", os.O_WRONLY, 0) // lets the reader go
	if err != nil {
		t.Fatal(err)
	}
	pipe.Close()
}

// bomb are aliases that unfold to 10^9 values.
func bomb() string {
	var text strings.Builder
	text.WriteString("a0: &a0 [x]\n")
	for i := range 9 {
		text.WriteString(fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ",")))
	}
	return text.String()
}

// A document that is too large is not read, and a stream not to its end.
func TestTooLarge(t *testing.T) {
	write(t, map[string]string{"good.yaml": configMap, "large.yaml": configMap + "---\n"})
	if err := os.Truncate("large.yaml", 1<<40); err != nil {
		t.Skip(err)
	}
	want(t, read(t, "."), "good.yaml:1:1 ConfigMap a", "large.yaml:1:1 ConfigMap a",
		"unread large.yaml:4:1: a document larger than 16 MiB: it is not read, nor is what comes after it")
	m := Read(t.Context(), []string{"-"}, endless{})
	if len(m.Unread) != 1 || !strings.HasPrefix(m.Unread[0].Error(), "stdin:1:1: a document larger than 16 MiB") {
		t.Errorf("%v", m.Unread)
	}
}

// TestLargePipe: what comes through a pipe is read document by document, and item by item, as
// a file is. Only the start of it is kept.
func TestLargePipe(t *testing.T) {
	smallDocuments(t)
	before := maxShown
	maxShown = 1 << 20
	t.Cleanup(func() { maxShown = before })
	for _, asJSON := range []bool{false, true} {
		text := dump(asJSON) + "---\n" + workload
		m := Read(t.Context(), []string{"-"}, strings.NewReader(text))
		if len(m.Objects) != 102 || len(m.Unread) > 0 || m.Objects[101].Object().Name != "web" {
			t.Fatalf("%d objects, %v", len(m.Objects), m.Unread)
		}
		line := 1 + strings.Count(text[:len(text)-len(workload)], "\n")
		if at := m.Objects[101].Object().Pos(); at.Line != line {
			t.Errorf("the last object is at %v, want line %d", at, line)
		}
		if f := m.File("stdin"); f.Data != nil || f.Line(line) != "" {
			t.Errorf("%d bytes are kept", len(f.Data))
		}
	}
}

// dumpValue is the value of a key in each object of a dump.
var dumpValue = strings.Repeat("- {} é ", 2000)

// dump is a List, as kubectl get -o yaml or json writes it: 100 ConfigMaps, and a Deployment
// in the middle.
func dump(asJSON bool) string {
	start, end := "apiVersion: v1\nitems:\n", "kind: List\n"
	item := "- apiVersion: apps/v1\n  kind: %s\n  metadata: {name: a%d}\n  data: {a: %q}\n  spec: {selector: {}}\n"
	if asJSON {
		start, end = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n", "\n    ],\n    \"kind\": \"List\"\n}\n"
		item = "        {\"apiVersion\": \"apps/v1\", \"kind\": %q, \"metadata\": {\"name\": \"a%d\"},\n         \"data\": {\"a\": %q}, \"spec\": {\"selector\": {}}}"
	}
	var items []string
	for i := range 101 {
		kind := "ConfigMap"
		if i == 50 {
			kind = "Deployment"
		}
		items = append(items, fmt.Sprintf(item, kind, i, dumpValue))
	}
	if asJSON {
		return start + strings.Join(items, ",\n") + end
	}
	return start + strings.Join(items, "") + end
}

// smallDocuments makes the limit for a document 1 MiB, so that the test takes less time.
func smallDocuments(t *testing.T) {
	before := maxDocument
	maxDocument = 1 << 20
	t.Cleanup(func() { maxDocument = before })
}

// TestLargeList: a List is read item by item however large it is, each at its place, and so is
// what comes after it.
func TestLargeList(t *testing.T) {
	smallDocuments(t)
	yaml, json := dump(false), dump(true)
	oneLine := strings.ReplaceAll(json, "\n", " ")
	write(t, map[string]string{"dump.yaml": yaml + "---\n" + configMap, "dump.json": json, "one-line.json": oneLine})
	m := Read(t.Context(), []string{"."}, nil)
	if len(m.Objects) != 304 || len(m.Unread)+len(m.Skipped) > 0 {
		t.Fatalf("%d objects, %v, %v", len(m.Objects), m.Unread, m.Skipped)
	}
	var places []string
	for _, p := range m.Objects {
		o := p.Object()
		if o.Kind == "Deployment" && o.Get("data", "a").Text() == dumpValue {
			places = append(places, fmt.Sprintf("%s:%s", o.File().Name, o.Get("spec").Pos()))
		}
	}
	before, after, _ := strings.Cut(oneLine, `"Deployment"`)
	at := len([]rune(before + `"Deployment"` + after[:strings.Index(after, `"spec"`)]))
	want(t, places, fmt.Sprintf("dump.json:105:%d", len([]rune(`         "data": {"a": ""}, `+dumpValue))+1), "dump.yaml:257:3", fmt.Sprintf("one-line.json:1:%d", at+1))
	if o := m.Objects[len(m.Objects)-102].Object(); o.Name != "a" || o.Pos().Line != 510 {
		t.Errorf("%s is at %s", o, o.Pos())
	}
	for _, f := range m.Files {
		if f.Data != nil {
			t.Errorf("%s is held", f.Name)
		}
		if err := f.Load(64 << 20); err != nil {
			t.Error(err)
		}
		f.Unload()
	}
	if got := m.File("dump.yaml").Line(257); got != "  spec: {selector: {}}" {
		t.Errorf("line 257 is %q", got)
	}
	if got := m.File("one-line.json").Line(1); got != "" {
		t.Errorf("a line of %d bytes is shown", len(got))
	}
}

// TestLargeNoList: what is too large and no complete List is not judged, and named.
func TestLargeNoList(t *testing.T) {
	smallDocuments(t)
	yaml, json, long := dump(false), dump(true), strings.Repeat("x", maxDocument+200_000)
	const is, not = "large.yaml:1:1: a document larger than 1 MiB", ": it is not read, nor is what comes after it"
	for text, line := range map[string]string{
		strings.TrimSuffix(yaml, "kind: List\n") + "kind: Other\n":     is + not,
		strings.Replace(yaml, "items:", "itens:", 1):                   is + not,
		json[:len(json)-1000]:                                          is + ", no JSON after line 203: unexpected EOF" + not,
		strings.Replace(json, `"name": "a70"`, `"name": a70`, 1):       is + ", no JSON after line 143: invalid character 'a' looking for beginning of value" + not,
		"kind: List\nitems:\n- a: " + long + "\n- b: 1\n":              is + ", with an item that is larger too" + not,
		`{"kind": "List", "items": [{"a": "` + long + `"}, {"b": 1}]}`: is + ", with an item that is larger too" + not,
		"a: [1]\n" + strings.Repeat("# nothing\n", maxDocument/5):      is + not,
	} {
		write(t, map[string]string{"large.yaml": text})
		m := Read(t.Context(), []string{"large.yaml"}, nil)
		if len(m.Unread) != 1 || m.Unread[0].Error() != line || hint.Of(m.Unread[0]) == "" || len(m.Objects)+len(m.Skipped) > 0 {
			t.Errorf("%d objects, %v, %v, want %s", len(m.Objects), m.Skipped, m.Unread, line)
		}
	}
}

// TestLargeListWithAnchor: an item that refers to another one is not judged, and named.
func TestLargeListWithAnchor(t *testing.T) {
	smallDocuments(t)
	text := strings.NewReplacer("name: a50}", "name: &a a50}", "name: a60}", "name: *a}").Replace(dump(false))
	write(t, map[string]string{"large.yaml": text})
	m := Read(t.Context(), []string{"large.yaml"}, nil)
	if len(m.Objects) != 100 || len(m.Unread) != 1 || !strings.HasPrefix(m.Unread[0].Error(), "large.yaml:305:") {
		t.Errorf("%d objects, %v", len(m.Objects), m.Unread)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); p[0] = '#'; return len(p), nil }

func TestNoRights(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("this user may read everything")
	}
	write(t, map[string]string{"a/web.yaml": workload, "b/web.yaml": workload, "c.yaml": configMap})
	for _, path := range []string{"a", "c.yaml"} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod("a", 0o755) })
	want(t, read(t, "."), "b/web.yaml:1:1 Deployment web", "unread a: permission denied", "unread c.yaml: permission denied")
}

// What is not judged has a reason.
func TestSkipped(t *testing.T) {
	write(t, map[string]string{
		"crd.yaml":     "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n",
		"convert.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: y}\nspec: {conversion: {strategy: Webhook}}\n",
		"patch.yaml":   "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
		"beta.yaml":    "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
		"old.yaml":     "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: old}\nspec: {template: {metadata: {labels: {app: old}}}}\n",
		"json.yaml":    "- {op: replace, path: /spec/replicas, value: 3}\n",
		"values.yaml":  "replicas: 3\n",
		"kind.yaml":    "kind: local\nreplicas: 3\n",
		"empty.yaml":   "",
	})
	want(t, read(t, "."),
		"convert.yaml:1:1 CustomResourceDefinition y",
		"old.yaml:1:1 Deployment old",
		"skipped beta.yaml:1: a patch, or not complete: Deployment without spec.selector",
		"skipped crd.yaml:1: a CustomResourceDefinition, which has no pods",
		"skipped json.yaml:1: no Kubernetes object: it has no kind",
		"skipped kind.yaml:1: no Kubernetes object: it has neither apiVersion nor metadata",
		"skipped patch.yaml:1: a patch, or not complete: Deployment without spec.selector",
		"skipped values.yaml:1: no Kubernetes object: it has no kind",
	)
}

// Objects of one name belong to different sets.
func TestSets(t *testing.T) {
	write(t, map[string]string{
		"prod/web.yaml": workload, "prod/more.yaml": configMap, "test/web.yaml": workload, "test/again.yaml": workload, "other.yaml": configMap,
	})
	m := Read(t.Context(), []string{"."}, nil)
	var got []string
	for _, set := range m.Sets() {
		var names []string
		for _, o := range set {
			names = append(names, filepath.ToSlash(o.File().Name))
		}
		got = append(got, strings.Join(names, " "))
	}
	want(t, got, "other.yaml", "prod/more.yaml prod/web.yaml", "test/again.yaml", "test/web.yaml")
}

// program puts a shell script into PATH, as the only program beside those of the
// system.
func program(t *testing.T, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/usr/bin:/bin")
}

// A chart is rendered where helm is there. A place in the text is that of the line in
// the template that it has come from.
func TestChart(t *testing.T) {
	files := map[string]string{
		"web/Chart.yaml": "name: web\n", "web/values.yaml": "replicas: 3\n",
		"web/templates/web.yaml":  "{{ if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n  selector: {}\n{{ end }}\n",
		"web/charts/sub/a.yaml":   "{{ broken",
		"web/crds/crd/Chart.yaml": "name: no chart of its own\n",
	}
	write(t, files)
	t.Setenv("PATH", t.TempDir())
	want(t, read(t, "."), "skipped web/Chart.yaml:1: a Helm chart, and there is no helm in PATH that renders it: helm template CHART | lameduck lint -")

	program(t, "helm", `test "$1 $3" = "template web" || exit 9
cat <<'EOT'
---
# Source: web/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {}
EOT
`)
	want(t, read(t, "."), "web/Chart.yaml:3:1 Deployment web")
	m := Read(t.Context(), []string{"web"}, nil)
	for line, at := range map[int]int{7: 5, 8: 6, 5: 1} {
		got := m.Origin(Place{"web/Chart.yaml", object.Pos{Line: line, Column: 3}})
		if got.File != filepath.Join("web", "templates", "web.yaml") || got.Line != at {
			t.Errorf("line %d is from %v, want line %d", line, got, at)
		}
	}
	// What is skipped is skipped in a template.
	program(t, "helm", `printf -- '---\n# Source: web/templates/crd.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n'`)
	if err := os.WriteFile("web/templates/crd.yaml", []byte("{{ if .Values.crds }}\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, read(t, "."), "skipped web/templates/crd.yaml:2: a CustomResourceDefinition, which has no pods")
	if !m.Built(m.Files[0]) {
		t.Error("the text of the chart is taken for a file")
	}

	program(t, "helm", "echo 'WARNING: x' >&2; echo 'Error: values: image is required' >&2; exit 1\n")
	want(t, read(t, "."), "unread web/Chart.yaml: helm template: values: image is required")
	// The charts that it depends on are not there: values would not help.
	program(t, "helm", "echo 'Error: An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: "+
		"found in Chart.yaml, but missing in charts/ directory: redis' >&2; exit 1\n")
	m = Read(t.Context(), []string{"web"}, nil)
	if h := hint.Of(m.Unread[0]); h != "fetch the charts that it depends on: helm dependency build web" {
		t.Errorf("hint %q", h)
	}
	// helm adds a hint of its own after the error, and other lines before it.
	program(t, "helm", "echo 'Error: chart requires kubeVersion: >=1.99' >&2; echo >&2; echo 'Use --debug flag to render out invalid YAML' >&2; exit 1\n")
	want(t, read(t, "."), "unread web/Chart.yaml: helm template: chart requires kubeVersion: >=1.99")
}

// A chart may ask for another Kubernetes than helm renders for where it knows no cluster.
func TestChartForAnotherKubernetes(t *testing.T) {
	write(t, map[string]string{"web/Chart.yaml": "name: web\n"})
	for constraint, version := range map[string]string{
		">=1.34.0-0":         "1.34.0",
		">= 1.99-0 < 1.102":  "1.99",
		"^1.40.2":            "1.40.2",
		"1.99.x":             "1.99",
		">=v1.99.1 || =1.12": "1.99.1",
	} {
		program(t, "helm", `case "$*" in
"template release web --kube-version `+version+`") echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}' ;;
*) echo 'Error: chart requires kubeVersion: `+constraint+` which is incompatible with Kubernetes v1.31.0' >&2; exit 1 ;;
esac
`)
		want(t, read(t, "."), "web/Chart.yaml:1:1 ConfigMap a")
	}
	// One that is bounded above only, and a helm that refuses what was tried.
	for _, constraint := range []string{"<1.25.0", ">1.99.0"} {
		program(t, "helm", `echo "Error: chart requires kubeVersion: `+constraint+` which is incompatible with Kubernetes v1.31.0" >&2; exit 1`+"\n")
		want(t, read(t, "."), "unread web/Chart.yaml: helm template: chart requires kubeVersion: "+constraint+" which is incompatible with Kubernetes v1.31.0")
		m := Read(t.Context(), []string{"web"}, nil)
		if h := hint.Of(m.Unread[0]); h != "render it for a Kubernetes version that it accepts: helm template web --kube-version VERSION | lameduck lint -" {
			t.Errorf("hint %q", h)
		}
	}
}

// A kustomization is built where kustomize is there; its bases and patches are not read
// by themselves. A place is that of the same field in a patch or in the base.
func TestKustomization(t *testing.T) {
	files := map[string]string{
		"base/kustomization.yaml":      "resources: [web.yaml]\n",
		"base/web.yaml":                workload + "  template:\n    spec:\n      containers:\n      - {name: side}\n      - name: web\n        image: a\n",
		"over/prod/kustomization.yaml": "resources: [../../base]\npatches: [{path: patch.yaml}, {path: ops.json}]\n",
		"over/prod/patch.yaml":         "kind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        command: [sh]\n",
		"over/prod/ops.json":           "[]",
		"over/prod/beside.yaml":        configMap,
	}
	write(t, files)
	t.Setenv("PATH", t.TempDir())
	want(t, read(t, "."), "over/prod/beside.yaml:1:1 ConfigMap a",
		"skipped over/prod/kustomization.yaml:1: a kustomization, and there is neither kustomize nor kubectl in PATH: kustomize build DIR | lameduck lint -")

	program(t, "kubectl", `test "$1" = kustomize && grep -q originAnnotations "$2/kustomization.yaml" || exit 9
base=$(sed -n 's/^resources: \["\(.*\)"\]$/\1/p' "$2/kustomization.yaml")
test -f "$2/$base/kustomization.yaml" || exit 8
cat <<EOT
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    config.kubernetes.io/origin: |
      path: $base/../../base/web.yaml
  name: prod-web
spec:
  selector: {}
  template:
    spec:
      containers:
      - command: [sh]
        image: a
        name: web
      - name: side
EOT
`)
	want(t, read(t, "."), "over/prod/kustomization.yaml:1:1 Deployment prod-web", "over/prod/beside.yaml:1:1 ConfigMap a")
	m := Read(t.Context(), []string{"."}, nil)
	for at, from := range map[object.Pos]Place{
		{Line: 13, Column: 9}:  {"over/prod/patch.yaml", object.Pos{Line: 8, Column: 9}}, // command
		{Line: 14, Column: 9}:  {"base/web.yaml", object.Pos{Line: 11, Column: 9}},       // image
		{Line: 9, Column: 3}:   {"base/web.yaml", object.Pos{Line: 5, Column: 3}},        // selector
		{Line: 16, Column: 9}:  {"base/web.yaml", object.Pos{Line: 9, Column: 10}},       // the name of the other container
		{Line: 99, Column: 99}: {"over/prod/kustomization.yaml", object.Pos{Line: 1, Column: 1}},
	} {
		if got := m.Origin(Place{filepath.Join("over", "prod", "kustomization.yaml"), at}); filepath.ToSlash(got.File) != from.File || got.Pos != from.Pos {
			t.Errorf("%v is from %v, want %v", at, got, from)
		}
	}
	want(t, read(t, "over/prod", "base/web.yaml")[1:], "base/web.yaml:1:1 Deployment web", "over/prod/beside.yaml:1:1 ConfigMap a")
	program(t, "kustomize", `echo "Error: accumulating resources: accumulation err='accumulating resources from 'a': 'a' must be x': no such thing" >&2; exit 1
`)
	want(t, read(t, "over/prod"), "over/prod/beside.yaml:1:1 ConfigMap a", "unread over/prod/kustomization.yaml: no such thing")
}

// Nothing is fetched, and no kustomization is given to a program that has no bounds
// before its files were read safely.
func TestKustomizationsThatAreNotBuilt(t *testing.T) {
	write(t, map[string]string{
		"remote/kustomization.yaml": "resources: [below]\n", "remote/below/kustomization.yaml": "resources: ['https://example.com/x.yaml']\n",
		"bomb/kustomization.yaml": "resources: [bomb.yaml]\n", "bomb/bomb.yaml": bomb(),
		"broken/kustomization.yaml": "resources: [\n",
		"part/kustomization.yaml":   "kind: Component\nresources: [web.yaml]\n", "part/web.yaml": workload,
		"circle/kustomization.yaml": "resources: [../circle]\n",
	})
	program(t, "kubectl", `echo 'E1 1 run.go:72] "command failed" err="a circle"' >&2; exit 1
`)
	got := read(t, ".")
	for i, line := range got {
		if strings.Contains(line, "bomb") || strings.Contains(line, "broken") {
			got[i], _, _ = strings.Cut(line, ": ")
		}
	}
	want(t, got,
		"skipped part/kustomization.yaml:1: a Component, which is part of the kustomizations that name it",
		"skipped remote/kustomization.yaml:1: a kustomization with https://example.com/x.yaml, which is not fetched: kustomize build DIR | lameduck lint -",
		"unread bomb/bomb.yaml:3:26", "unread broken/kustomization.yaml:2:1", "unread circle/kustomization.yaml: a circle")
}

// TestManyDocuments: of a file with any number of documents the lines can be read later, and
// its text for changes, unless it is another file now.
func TestManyDocuments(t *testing.T) {
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\ndata: {key: %s}\n", i, strings.Repeat("x", i%50))
	}
	write(t, map[string]string{"many.yaml": text.String()})
	m := Read(t.Context(), []string{"."}, nil)
	if len(m.Objects) != 20_000 || len(m.Unread) > 0 {
		t.Fatalf("%d objects, %v", len(m.Objects), m.Unread)
	}
	f := m.Files[0]
	if f.Data != nil {
		t.Error("the text is held")
	}
	lines := strings.Split(text.String(), "\n")
	for n := -1; n <= len(lines)+1; n += 7 {
		want := ""
		if n > 0 && n <= len(lines) {
			want = lines[n-1]
		}
		if got := f.Line(n); got != want {
			t.Fatalf("line %d is %q, want %q", n, got, want)
		}
	}
	if err := f.Load(10); err == nil {
		t.Error("more bytes are loaded than there may be")
	}
	if err := f.Load(64 << 20); err != nil || string(f.Data) != text.String() {
		t.Errorf("another text is loaded, %v", err)
	}
	f.Unload()
	write(t, map[string]string{"many.yaml": text.String() + "# more\n"})
	if err := f.Load(64 << 20); err == nil {
		t.Error("a file that has changed is loaded")
	}
	if err := os.Remove("many.yaml"); err != nil {
		t.Fatal(err)
	}
	if got := f.Line(1); got != "" {
		t.Errorf("a line of no file is %q", got)
	}
}
