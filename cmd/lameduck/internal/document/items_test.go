package document

import (
	"reflect"
	"testing"
)

// TestItems: the items of a List are what they are without being cut.
func TestItems(t *testing.T) {
	for text, ok := range map[string]bool{
		"apiVersion: v1\nitems:\n- a: 1\n  b: |\n    - x\n    items:\n- a: 2\nkind: List\n":                        true,
		"---\n# a\nkind: List\nitems:\n  # first\n  - a: 1\n    c:\n    - d\n    - e: [1,\n      2]\n\n  - a: 2\n": true,
		"items:\n- a: 1\n  b:\n  - c\nmetadata:\n  resourceVersion: \"\"\nkind: List\n":                            true,
		"items:\r\n- a: 1\r\n- a: 'b\r\n\r\n  c'\r\nkind: List\r\n":                                                true,
		"items:\n- a: b && c\n- a: d\nkind: List\n":                                                                true,
		"items:\n- !!map &x {a: 1}\n- *x\nkind: List\n":                                                            false,
		"items:\n- a: &x 1\n- a: *x\nkind: List\n":                                                                 false,
		"items: [{a: 1}, {a: 2}]\nkind: List\n":                                                                    false,
		"{\"items\": [\n{\"a\": 1}]}\n":                                                                            false,
		"kind: List\nitems:\n":                                                                                     false,
		"a:\n  items:\n  - b: 1\n":                                                                                 false,
	} {
		whole, err := Read("a.yaml", []byte(text), 7)
		if err != nil {
			t.Fatal(text, err)
		}
		rest, items, cut := Items(Part{7, []byte(text)})
		if cut != ok {
			t.Errorf("%q: cut %v", text, cut)
		}
		if !cut || !ok {
			continue
		}
		var want []*Node
		for _, f := range Fields(whole[0]) {
			if f.Key.Value == "items" {
				want = f.Value.Content
			}
		}
		var got []*Node
		for _, item := range items {
			nodes, err := Read("a.yaml", item.Text, item.Line)
			if err != nil || len(nodes) != 1 {
				t.Fatalf("%q: %v", item.Text, err)
			}
			got = append(got, nodes[0].Content...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: other items:\n%v\n%v", text, outlines(got), outlines(want))
		}
		if nodes, err := Read("a.yaml", rest, 7); err != nil || len(nodes) != 1 || len(nodes[0].Content) != len(whole[0].Content) {
			t.Errorf("%q: the rest is %q, %v", text, rest, err)
		}
	}
}

func outlines(nodes []*Node) (all []string) {
	for _, n := range nodes {
		all = append(all, outline(n))
	}
	return all
}
