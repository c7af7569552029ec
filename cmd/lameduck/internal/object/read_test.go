package object

import (
	"fmt"
	"strings"
	"testing"
)

// TestLargeList: a List that is cut has the objects that it has as a whole, at their places,
// and a mistake in one item hides no other.
func TestLargeList(t *testing.T) {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nitems:\n")
	for i := range 300 {
		fmt.Fprintf(&text, "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a%d}\n  data:\n    key: |\n      %s\n", i, strings.Repeat("- x", 2000))
	}
	text.WriteString("kind: List\nmetadata: {}\n")
	if text.Len() < largeList {
		t.Fatalf("%d bytes are no large List", text.Len())
	}
	objects, skipped, errs := Read(&File{Name: "a.yaml", Data: []byte(text.String())})
	if len(objects) != 300 || len(skipped)+len(errs) > 0 {
		t.Fatalf("%d objects, %v, %v", len(objects), skipped, errs)
	}
	for i, o := range objects {
		if o.Name != fmt.Sprint("a", i) || o.Pos() != (Pos{3 + 6*i, 3}) || len(o.Get("data", "key").Text()) != 6001 {
			t.Errorf("%s is at %s", o, o.Pos())
		}
	}
	var list strings.Builder
	list.WriteString(`{"apiVersion":"v1","items":[`)
	for i := range 300 {
		fmt.Fprintf(&list, `%s{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a%d"},"data":{"key":"%s"}}`, strings.Repeat(",", min(i, 1)), i, strings.Repeat("é", 2000))
	}
	list.WriteString(`],"kind":"List"}`)
	objects, skipped, errs = Read(&File{Name: "a.json", Data: []byte(list.String())})
	if len(objects) != 300 || len(skipped)+len(errs) > 0 || list.Len() < largeList {
		t.Fatalf("%d objects, %v, %v", len(objects), skipped, errs)
	}
	for i, o := range objects {
		before, _, _ := strings.Cut(list.String(), fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a%d"`, i))
		if o.Name != fmt.Sprint("a", i) || o.Pos() != (Pos{1, len([]rune(before)) + 1}) {
			t.Errorf("%s is at %s", o, o.Pos())
		}
	}
	broken := strings.Replace(text.String(), "{name: a7}", "{name: a7", 1)
	objects, _, errs = Read(&File{Name: "a.yaml", Data: []byte(broken)})
	if len(objects) != 299 || len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "a.yaml:4") {
		t.Errorf("%d objects, %v", len(objects), errs)
	}
}
