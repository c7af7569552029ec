package edit

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// first is the first object of a text.
func first(t *testing.T, f *object.File) object.Value {
	t.Helper()
	objects, _, errs := object.Read(f)
	if len(errs) > 0 || len(objects) == 0 {
		t.Fatalf("%d objects, errors %v", len(objects), errs)
	}
	return objects[0].Value
}

// at follows names and indexes, "spec.containers.0".
func at(v object.Value, path string) object.Value {
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		if i, err := strconv.Atoi(name); err == nil {
			v = v.Items()[i]
		} else {
			v = v.Field(name)
		}
	}
	return v
}

// change is a change of an object, with the path of what it is in.
type change struct {
	in, path string
	to       any
}

// from is a value of the same object, at that path.
type from string

func (c change) of(v object.Value) Change {
	if path, ok := c.to.(from); ok {
		c.to = at(v, string(path))
	}
	return Change{In: at(v, c.in), Path: strings.FieldsFunc(c.path, func(r rune) bool { return r == '.' }), To: c.to}
}

const head = "apiVersion: v1\nkind: Pod\n"

var sleep5 = Fields{{"preStop", Fields{{"sleep", Fields{{"seconds", 5}}}}}}

var tests = []struct {
	name, text string
	changes    []change
	want       string
}{
	{"a number", "spec:\n  a: 30 # why\n  b: 1\n", []change{{"spec", "a", 60}}, "spec:\n  a: 60 # why\n  b: 1\n"},
	{"the same value again", "spec:\n  a: 0x1e\n", []change{{"spec", "a", 30}}, "spec:\n  a: 30\n"},
	{"nothing new", "spec:\n  a: '30' # x\n", []change{{"spec", "a", "30"}}, "spec:\n  a: '30' # x\n"},
	{"characters of several bytes", "spec: {ä: 'ü', 日本: 30}\n", []change{{"spec", "日本", 60}}, "spec: {ä: 'ü', 日本: 60}\n"},
	{"quotes stay", "spec:\n  a: \"x\"\n  b: 'w'\n  c: z\n", []change{{"spec", "a", "1"}, {"spec", "b", "it's"}, {"spec", "c", "yes"}}, "spec:\n  a: \"1\"\n  b: 'it''s'\n  c: \"yes\"\n"},
	{"text becomes a number", "spec:\n  a: \"30\"\n", []change{{"spec", "a", 30}}, "spec:\n  a: 30\n"},
	{"quotes that another parser needs", "spec:\n  a: yes\n  b: x\n", []change{{"spec", "a", "yes"}, {"spec", "b", "x"}}, "spec:\n  a: \"yes\"\n  b: x\n"},
	{"true", "spec:\n  a: false\n", []change{{"spec", "a", true}}, "spec:\n  a: true\n"},
	{"nothing", "spec:\n  a: # why\n  b: ~\n", []change{{"spec", "a", 1}, {"spec", "b", 2}}, "spec:\n  a: 1 # why\n  b: 2\n"},
	{"a folded plain text", "spec:\n  a: one\n    two # c\n  b: 1\n", []change{{"spec", "a", "x"}}, "spec:\n  a: x # c\n  b: 1\n"},
	{"a quoted text of two lines", "spec:\n  a: \"one\\\"\n    two\"\n  b: 1\n", []change{{"spec", "a", 3}}, "spec:\n  a: 3\n  b: 1\n"},
	{"a tag goes with the value", "spec:\n  a: !!str 30\n", []change{{"spec", "a", 60}}, "spec:\n  a: 60\n"},

	{"a new field", "spec:\n  a: 1\nstatus: {}\n", []change{{"spec", "b", 2}}, "spec:\n  a: 1\n  b: 2\nstatus: {}\n"},
	{"after a nested one", "spec:\n  a:\n    x: 1\n    # of x\n  # of status\nstatus: {}\n", []change{{"spec", "b", 2}}, "spec:\n  a:\n    x: 1\n    # of x\n  b: 2\n  # of status\nstatus: {}\n"},
	{"after a comment on the line", "spec:\n  a: 1 # why\n", []change{{"spec", "b", 2}}, "spec:\n  a: 1 # why\n  b: 2\n"},
	{"before the comment of what is next", "spec:\n  a: 1\n\n# status\nstatus: {}\n", []change{{"spec", "b", 2}}, "spec:\n  a: 1\n  b: 2\n\n# status\nstatus: {}\n"},
	{"no line break at the end", "spec:\n  a: 1", []change{{"spec", "b", 2}}, "spec:\n  a: 1\n  b: 2"},
	{"mappings on the way", "spec:\n  a: 1\n", []change{{"spec", "lifecycle.preStop.sleep.seconds", 5}}, "spec:\n  a: 1\n  lifecycle:\n    preStop:\n      sleep:\n        seconds: 5\n"},
	{"mappings on the way, 4 spaces", "spec:\n    a:\n        b: 1\n", []change{{"spec.a", "c.d", 5}}, "spec:\n    a:\n        b: 1\n        c:\n            d: 5\n"},
	{"two changes on one way", "spec:\n  a: 1\n", []change{{"spec", "l.x", 1}, {"spec", "l.w", 2}}, "spec:\n  a: 1\n  l:\n    x: 1\n    w: 2\n"},
	{"inner before outer", "spec:\n  a:\n    - x: 1\n", []change{{"spec", "b", 2}, {"spec.a.0", "w", 2}}, "spec:\n  a:\n    - x: 1\n      w: 2\n  b: 2\n"},
	{"inner before outer without a line break", "spec:\n  a:\n    - x: 1", []change{{"spec", "b", 2}, {"spec.a.0", "w", 2}}, "spec:\n  a:\n    - x: 1\n      w: 2\n  b: 2"},
	{"within an item, list not indented", "spec:\n  a:\n  - x: 1\n  - x: 2\n  b: 1\n", []change{{"spec.a.0", "l", sleep5}}, "spec:\n  a:\n  - x: 1\n    l:\n      preStop:\n        sleep:\n          seconds: 5\n  - x: 2\n  b: 1\n"},
	{"within a field without a value", "spec:\n  a: # hooks\n  b: 1\n", []change{{"spec", "a.x", 1}}, "spec:\n  a: # hooks\n    x: 1\n  b: 1\n"},
	{"within {}", "spec:\n  a: {} # hooks\n  b: 1\n", []change{{"spec", "a.x.w", 1}}, "spec:\n  a: # hooks\n    x:\n      w: 1\n  b: 1\n"},
	{"a list of mappings, indented as others", "spec:\n  c:\n  - x: 1\n", []change{{"spec", "gates", []Fields{{{"conditionType", "a/b"}, {"x", 1}}}}}, "spec:\n  c:\n  - x: 1\n  gates:\n  - conditionType: a/b\n    x: 1\n"},
	{"a list of texts", "spec:\n  a: 1\n", []change{{"spec", "command", []string{"sleep", "5"}}}, "spec:\n  a: 1\n  command: [\"sleep\", \"5\"]\n"},
	{"names in quotes", "\"spec\":\n  \"a\": 1\n", []change{{"spec", "b", 2}}, "\"spec\":\n  \"a\": 1\n  \"b\": 2\n"},
	{"CRLF", "spec:\r\n  a: 1\r\nb: 1\r\n", []change{{"spec", "b", 2}, {"spec", "c.d", "x"}}, "spec:\r\n  a: 1\r\n  b: 2\r\n  c:\r\n    d: x\r\nb: 1\r\n"},
	{"an annotation", "metadata:\n  name: x\n", []change{{"metadata", "annotations", Fields{{"lameduck.dev/x", "true"}, {"a b", "60"}}}}, "metadata:\n  name: x\n  annotations:\n    lameduck.dev/x: \"true\"\n    \"a b\": \"60\"\n"},

	{"within braces", "spec: {a: 1, b: {c: 2}} # x\n", []change{{"spec", "d", "w"}, {"spec.b", "e.f", 5}}, "spec: {a: 1, b: {c: 2, e: {f: 5}}, d: w} # x\n"},
	{"within empty braces within braces", "spec: {a: { }}\n", []change{{"spec.a", "b", 1}}, "spec: {a: {b: 1}}\n"},
	{"braces over lines", "spec: {\n  a: 1,\n  b: 2 # x\n}\n", []change{{"spec", "c", 3}}, "spec: {\n  a: 1,\n  b: 2,\n  c: 3 # x\n}\n"},
	{"a comma at the end", "spec: {a: 1,}\n", []change{{"spec", "b", 2}}, "spec: {a: 1, b: 2,}\n"},
	{"removed within braces", "spec: {a: 1, b: 2, c: 3}\n", []change{{"spec", "a", nil}, {"spec", "c", nil}}, "spec: {b: 2}\n"},
	{"the last removed within braces", "spec: {a: {b: 1}}\n", []change{{"spec.a", "b", nil}}, "spec: {a: {}}\n"},
	{"a field without a value within braces", "spec: {a: , b}\n", []change{{"spec", "a", 1}, {"spec", "b", 2}}, "spec: {a:  1, b: 2}\n"},
	{"set in JSON", "{\n  \"apiVersion\": \"v1\", \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": 1\n  }\n}\n", []change{{"spec", "a", 2}, {"spec", "b.c", "x"}}, "{\n  \"apiVersion\": \"v1\", \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": 2,\n    \"b\": {\"c\": \"x\"}\n  }\n}\n"},
	{"JSON of one line", `{"apiVersion":"v1","kind":"Pod","spec":{"a":1,"c":[]}}`, []change{{"spec", "b", true}, {"spec", "c", []string{"x"}}}, `{"apiVersion":"v1","kind":"Pod","spec":{"a":1,"c":["x"],"b":true}}`},
	{"JSON with tabs", "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"spec\": {\n\t\t\"a\": 1\n\t}\n}", []change{{"spec", "b", 2}, {"spec", "a", nil}}, "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"spec\": {\n\t\t\"b\": 2\n\t}\n}"},

	{"removed", "spec:\n  a: 1\n  # of b\n  b: 2 # too\n  c: 3\n", []change{{"spec", "b", nil}}, "spec:\n  a: 1\n  c: 3\n"},
	{"removed at the end", "spec:\n  a: 1\n  b:\n    c: 2", []change{{"spec", "b", nil}}, "spec:\n  a: 1"},
	{"several removed at the end", "spec:\n  a: 1\n  b: 1\n  c: 2", []change{{"spec", "b", nil}, {"spec", "c", nil}}, "spec:\n  a: 1"},
	{"removed first of an item", "spec:\n  a:\n    - x: 1\n      w: 2\n", []change{{"spec.a.0", "x", nil}}, "spec:\n  a:\n    - w: 2\n"},
	{"removed first of an item, before a comment", "spec:\n  a:\n    - x: 1 # x\n      # of w\n      w: 2\n", []change{{"spec.a.0", "x", nil}}, "spec:\n  a:\n    - \n      # of w\n      w: 2\n"},
	{"mappings that are empty then", "spec:\n  a: 1\n  l:\n    p:\n      s: 1\n", []change{{"spec", "l.p.s", nil}}, "spec:\n  a: 1\n"},
	{"nothing left in what the change is in", "spec:\n  l:\n    s: 1\n  a: 1\n", []change{{"spec.l", "s", nil}}, "spec:\n  l: {}\n  a: 1\n"},
	{"an item", "spec:\n  a:\n    - x\n    # of w\n    - w\n    - z\n", []change{{"spec.a.1", "", nil}}, "spec:\n  a:\n    - x\n    - z\n"},
	{"an item by its index", "spec:\n  a:\n  -\n    x: 1\n  - w: 2\n", []change{{"spec.a", "0", nil}}, "spec:\n  a:\n  - w: 2\n"},
	{"the only item", "spec:\n  a:\n    - x\n  b: 1\n", []change{{"spec.a", "0", nil}}, "spec:\n  a: []\n  b: 1\n"},
	{"one for another", "spec:\n  preStop:\n    exec:\n      command: [a]\n  b: 1\n", []change{{"spec", "preStop", Fields{{"sleep", Fields{{"seconds", 5}}}}}}, "spec:\n  preStop:\n    sleep:\n      seconds: 5\n  b: 1\n"},
	{"one for another by two changes", "spec:\n  preStop:\n    exec: {command: [a]}\n    x: 1\n  b: 1\n", []change{{"spec", "preStop.exec", nil}, {"spec", "preStop.sleep.seconds", 5}}, "spec:\n  preStop:\n    x: 1\n    sleep:\n      seconds: 5\n  b: 1\n"},
	{"a mapping becomes exactly these", "spec:\n  s:\n    type: a # x\n    w: 1\n", []change{{"spec", "s", Fields{{"type", "b"}, {"z", 2}}}}, "spec:\n  s:\n    type: b # x\n    z: 2\n"},
	{"a mapping becomes text", "spec:\n  a: # x\n    b: 1\n  c: 1\n", []change{{"spec", "a", "w"}}, "spec:\n  a: w # x\n  c: 1\n"},
	{"text becomes a mapping", "spec:\n  a: w # x\n  c: 1\n", []change{{"spec", "a", Fields{{"b", 1}}}}, "spec:\n  a: # x\n    b: 1\n  c: 1\n"},
	{"a text in a list", "spec:\n  args:\n    - a\n    - \"b\" # x\n", []change{{"spec.args.1", "", "c"}}, "spec:\n  args:\n    - a\n    - \"c\" # x\n"},
	{"a longer list", "spec:\n  args:\n    - a\n    - b # x\n", []change{{"spec", "args", []string{"a", "c", "d"}}}, "spec:\n  args:\n    - a\n    - c # x\n    - d\n"},
	{"a shorter list within brackets", "spec:\n  args: [a, \"b\", c] # x\n", []change{{"spec", "args", []string{"a", "d"}}}, "spec:\n  args: [a, \"d\"] # x\n"},
	{"a new item", "spec:\n  args: [a]\n  env:\n  - name: x\n", []change{{"spec.args", "-", "b"}, {"spec.env", "-", Fields{{"name", "w"}, {"value", "1"}}}}, "spec:\n  args: [a, \"b\"]\n  env:\n  - name: x\n  - name: w\n    value: \"1\"\n"},

	{"another name", "spec:\n  prestop: # x\n    sleep: {seconds: 1}\n  \"b\": 1\n", []change{{"spec", "prestop", Name("preStop")}, {"spec", "b", Name("c")}}, "spec:\n  preStop: # x\n    sleep: {seconds: 1}\n  \"c\": 1\n"},
	{"moved", "spec:\n  a:\n    - x: 1\n      # of g\n      g: 60 # s\n      w: 1\n  b: 1\n", []change{{"spec", "g", from("spec.a.0.g")}, {"spec.a.0", "g", nil}}, "spec:\n  a:\n    - x: 1\n      w: 1\n  b: 1\n  # of g\n  g: 60 # s\n"},
	{"moved, of lines", "spec:\n  p:\n    sleep: # z\n        seconds: 5\n    text: |\n      a\n\n       b\n  a:\n    - x: 1\n", []change{{"spec.a.0", "l.q", from("spec.p")}, {"spec", "p", nil}}, "spec:\n  a:\n    - x: 1\n      l:\n        q:\n          sleep: # z\n              seconds: 5\n          text: |\n            a\n\n             b\n"},
	{"moved into braces", "spec:\n  p:\n    sleep:\n      seconds: 5\n  a: {x: 1}\n", []change{{"spec.a", "q", from("spec.p")}, {"spec", "p", nil}}, "spec:\n  a: {x: 1, q: {sleep: {seconds: 5}}}\n"},

	{"text in lines", "data:\n  runsh: |  # x\n    #!/bin/sh\n    server\n\n  b: 1\n", []change{{"data", "runsh", "#!/bin/sh\nexec server\n"}}, "data:\n  runsh: |  # x\n    #!/bin/sh\n    exec server\n\n  b: 1\n"},
	{"after text in lines", "data:\n  a: |2-\n     x\n    w\n# z\n", []change{{"data", "b", "c"}}, "data:\n  a: |2-\n     x\n    w\n  b: c\n# z\n"},
	{"after text that keeps its line breaks", "data:\n  a: |+\n    x\n\n\nb: 1\n", []change{{"data", "b", "c"}}, "data:\n  a: |+\n    x\n\n\n  b: c\nb: 1\n"},
	{"folded text becomes other text", "data:\n  a: >\n    x\n    w\n  b: 1\n", []change{{"data", "a", "z\n"}}, "data:\n  a: \"z\\n\"\n  b: 1\n"},

	{"an alias gets a value of its own", "spec:\n  a: &g 30\n  b: *g # x\n", []change{{"spec", "b", 60}}, "spec:\n  a: &g 30\n  b: 60 # x\n"},
	{"what << has is overridden", "spec:\n  a: &g\n    x: 1\n  b:\n    <<: *g\n    w: 1\n", []change{{"spec.b", "x", 60}}, "spec:\n  a: &g\n    x: 1\n  b:\n    <<: *g\n    w: 1\n    x: 60\n"},
	{"an anchor that is not used", "spec:\n  a: &g\n    x: 1\n", []change{{"spec.a", "w", 1}}, "spec:\n  a: &g\n    x: 1\n    w: 1\n"},
}

func TestApply(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			made := false
			for _, around := range []struct{ before, after string }{
				{"", ""}, {"# top\n---\n", ""}, {"\ufeff", ""}, {"kind: A\napiVersion: v1\n--- # x\n", ""}, {"", "\n...\n---\nkind: B\n"}, {"", "\r\n---\r\nkind: B\r\n"},
			} {
				text, want := test.text, test.want
				if !strings.HasPrefix(text, "{") {
					text, want = head+text, head+want
				}
				if test.name == "CRLF" {
					text, want = strings.ReplaceAll(text, "kind: Pod\n", "kind: Pod\r\n"), strings.ReplaceAll(want, "kind: Pod\n", "kind: Pod\r\n")
					text, want = strings.ReplaceAll(text, "v1\n", "v1\r\n"), strings.ReplaceAll(want, "v1\n", "v1\r\n")
				}
				text, want = around.before+text+around.after, around.before+want+around.after
				f := &object.File{Name: "a.yaml", Data: []byte(text)}
				objects, _, errs := object.Read(f)
				if len(errs) > 0 {
					t.Fatal(errs)
				}
				var changes []Change
				for _, o := range objects {
					if o.Kind == "Pod" {
						for _, c := range test.changes {
							changes = append(changes, c.of(o.Value))
							made = true
						}
					}
				}
				got, err := Apply(f, changes)
				if err != nil {
					t.Errorf("%q: %v", text, err)
					continue
				}
				if diff := cmp.Diff(want, string(got)); diff != "" && (around.after == "" || strings.HasSuffix(text, "\n"+around.after)) {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
			if !made {
				t.Error("no change was made")
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		text   string
		change change
		want   string
	}{
		"an alias":                   {"spec:\n  a: &g\n    x: 1\n  b: *g\n", change{"spec", "b.x", 2}, "a.yaml:6:6: cannot be changed here: *g stands for a value that is used elsewhere too"},
		"an anchor":                  {"spec:\n  a: &g\n    x: 1\n  b: *g\n", change{"spec", "a.x", 2}, "a.yaml:5:8: cannot be changed here: &g is used elsewhere too"},
		"an object within an anchor": {"spec:\n  a: &g\n    x: 1\n  b: *g\n", change{"spec.b", "x", 2}, "a.yaml:5:8: cannot be changed here: &g is used elsewhere too"},
		"an anchor that goes":        {"spec:\n  a: &g 1\n  b: *g\n", change{"spec", "a", nil}, "a.yaml:4:6: cannot be changed here: &g is used elsewhere too"},
		"within what << has":         {"spec:\n  a: &g {x: {y: 1}}\n  b:\n    <<: *g\n", change{"spec.b", "x.z", 2}, "a.yaml:6:5: cannot be changed here: x comes from a merge (<<)"},
		"a text has no fields":       {"spec:\n  a: b\n", change{"spec", "a.x", 2}, "a.yaml:4:6: cannot be changed here: the value has no fields"},
		"no such item":               {"spec:\n  a: [1]\n", change{"spec", "a.1", 2}, "a.yaml:4:6: cannot be changed here: the list has no item 1"},
		"a name that is there":       {"spec:\n  a: 1\n  b: 2\n", change{"spec", "a", Name("b")}, "a.yaml:4:6: cannot be changed here: the mapping already has b"},
		"the document":               {"spec: 1\n", change{"", "", nil}, "a.yaml:1:1: cannot be changed here: the value is the whole document"},
		"a value that cannot be":     {"spec: 1\n", change{"", "spec", 1.5}, "a.yaml: cannot be changed here: a value cannot be float64"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &object.File{Name: "a.yaml", Data: []byte(head + test.text)}
			got, err := Apply(f, []Change{test.change.of(first(t, f))})
			if err == nil || err.Error() != test.want {
				t.Errorf("%q, %v; want %s", got, err, test.want)
			}
		})
	}
}

// TestOtherText is a change of another file.
func TestOtherText(t *testing.T) {
	f := &object.File{Name: "a.yaml", Data: []byte(head + "spec:\n  a: 1\n")}
	v := first(t, f)
	f.Data = bytes.ReplaceAll(f.Data, []byte("spec"), []byte("\nspec"))
	if got, err := Apply(f, []Change{{In: v.Get("spec"), Path: []string{"a"}, To: 2}}); err == nil {
		t.Errorf("%q, want an error", got)
	}
}
