package output

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/gather"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
)

var update = flag.Bool("update", false, "write testdata/example.* anew")

// manifests have a finding of each severity, documents that are skipped, one that
// cannot be read, and characters that have to be escaped.
const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {selector: {}} # <&> %0A "é"
`

// example is a result with one of everything.
func example(t *testing.T) *Result {
	t.Helper()
	m := gather.Read(t.Context(), []string{gather.Stdin}, strings.NewReader(manifests+"---\nkind: {{ .Values.kind }}\n---\n{no: kind}\n---\na: [\n"))
	if len(m.Objects) != 1 || len(m.Skipped) != 2 || len(m.Unread) != 1 {
		t.Fatalf("%d objects, %v skipped, unread: %v", len(m.Objects), m.Skipped, m.Unread)
	}
	found := func(s lint.Severity, line, column int) lint.Finding {
		return lint.Finding{
			ID: lint.Rules()[0].ID, Severity: s, Object: "Deployment web", File: gather.StdinName, Line: line, Column: column,
			Summary: "100 % of <10 s> are gone", Evidence: "a,b:\tc", Fix: `set "x" to 1`,
		}
	}
	return &Result{Manifests: m, FailOn: lint.Warning, Findings: []lint.Finding{
		found(lint.Error, 3, 12), found(lint.Warning, 4, 1), found(lint.Info, 4, 1), found(lint.Info, 99, 1),
	}}
}

// TestForms: each form is as in testdata.
func TestForms(t *testing.T) {
	for name, write := range map[string]func(io.Writer, *Result) error{
		"text":   func(w io.Writer, r *Result) error { return Text(w, r, false) },
		"colour": func(w io.Writer, r *Result) error { return Text(w, r, true) },
		"json":   JSON, "sarif": SARIF, "junit": JUnit, "github": GitHub,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, example(t)); err != nil {
				t.Fatal(err)
			}
			if name == "sarif" { // the rules are those of docs/RULES.md
				got = *bytes.NewBuffer(withoutRules(t, got.Bytes()))
			}
			golden := filepath.Join("testdata", "example."+name+".txt")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("go test -update writes it anew (-want +got):\n%s", diff)
			}
		})
	}
}

func withoutRules(t *testing.T, data []byte) []byte {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	log.Runs[0].Tool.Driver.Rules = log.Runs[0].Tool.Driver.Rules[:0]
	var b bytes.Buffer
	if err := encode(&b, log); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSARIFIsValid asks the schema of the standard.
func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchemaOf(t)
	for name, r := range map[string]*Result{
		"example": example(t),
		"empty":   {Manifests: &gather.Manifests{}, FailOn: lint.Warning},
	} {
		var b bytes.Buffer
		if err := SARIF(&b, r); err != nil {
			t.Fatal(err)
		}
		log, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(log); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		log.(map[string]any)["version"] = "3"
		if schema.Validate(log) == nil {
			t.Error("the schema accepts anything")
		}
	}
}

func sarifSchemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("testdata/sarif-schema-2.1.0.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(sarifSchema, document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestFingerprintsAreStable: lines above a finding change nothing, a second finding
// of the same kind has a fingerprint of its own.
func TestFingerprintsAreStable(t *testing.T) {
	r := example(t)
	before := fingerprints(t, r)
	if len(before) != len(r.Findings) {
		t.Errorf("%d fingerprints of %d findings: %v", len(before), len(r.Findings), before)
	}
	moved := example(t)
	moved.Files[0].Data = append([]byte("# a comment\n"), moved.Files[0].Data...)
	for i := range moved.Findings {
		moved.Findings[i].Line++
		moved.Findings[i].Summary = "in other words"
	}
	if diff := cmp.Diff(before, fingerprints(t, moved)); diff != "" {
		t.Error(diff)
	}
}

func fingerprints(t *testing.T, r *Result) map[string]bool {
	t.Helper()
	var b bytes.Buffer
	if err := SARIF(&b, r); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, result := range log.Runs[0].Results {
		all[result.PartialFingerprints[fingerprint]] = true
	}
	return all
}

// TestJUnitCounts: the numbers are those of the elements.
func TestJUnitCounts(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, example(t)); err != nil {
		t.Fatal(err)
	}
	var all junitSuites
	if err := xml.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if all.Tests != 7 || all.Failures != 2 || all.Errors != 1 {
		t.Errorf("%d tests, %d failures, %d errors, want 7, 2, 1", all.Tests, all.Failures, all.Errors)
	}
}

// TestURI: a path is a reference that SARIF allows.
func TestURI(t *testing.T) {
	for path, want := range map[string]string{
		"deploy/web.yaml": "deploy/web.yaml", "./a b%.yaml": "a%20b%25.yaml", "/x/y.yaml": "file:///x/y.yaml", "a:b.yaml": "./a:b.yaml",
	} {
		if got := uri(path); got != want {
			t.Errorf("uri(%q) = %q, want %q", path, got, want)
		}
	}
}

// TestLongLine: of a line as long as a file of JSON the part around the column is
// shown, and the caret is below it.
func TestLongLine(t *testing.T) {
	r := example(t)
	r.Files[0].Data = []byte(strings.Repeat("é", 5000) + "X" + strings.Repeat("\x1b", 5000))
	r.Findings = r.Findings[:1]
	r.Findings[0].Line, r.Findings[0].Column = 1, 5001
	var b strings.Builder
	if err := Text(&b, r, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	at := strings.IndexRune(lines[2], '^')
	if shown := []rune(lines[1]); len(shown) > 200 || at < 0 || shown[at] != 'X' || strings.Contains(b.String(), "\x1b") {
		t.Errorf("%q", lines[:3])
	}
}

// TestSummaryCounts: two are more than one.
func TestSummaryCounts(t *testing.T) {
	r := &Result{Manifests: new(gather.Manifests)}
	for _, s := range []lint.Severity{lint.Error, lint.Error, lint.Warning, lint.Info, lint.Info} {
		r.Findings = append(r.Findings, lint.Finding{Severity: s})
	}
	if got, want := summary(r), "0 files, 0 objects: 2 errors, 1 warning, 2 info"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
