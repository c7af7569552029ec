package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// TestItems: the items of a List are what they are without being cut.
func TestItems(t *testing.T) {
	for text, ok := range map[string]bool{
		"apiVersion: v1\nitems:\n- a: 1\n  b: |\n    - x\n    items:\n- a: 2\nkind: List\n":                                        true,
		"---\n# a\nkind: List\nitems:\n  # first\n  - a: 1\n    c:\n    - d\n    - e: [1,\n      2]\n\n  - a: 2\n":                 true,
		"items:\n- a: 1\n  b:\n  - c\nmetadata:\n  resourceVersion: \"\"\nkind: List\n":                                            true,
		"items:\r\n- a: 1\r\n- a: 'b\r\n\r\n  c'\r\nkind: List\r\n":                                                                true,
		"items:\n- a: &x 1\n  b: test ! -f x && *.y & wait\n- a: 2\nkind: List\n":                                                  true,
		"items:\n- a: &x 1\n- a: [1,*x]\nkind: List\n":                                                                             false,
		"items:\n- a: b && c\n- a: d\nkind: List\n":                                                                                true,
		"items:\n- !!map &x {a: 1}\n- *x\nkind: List\n":                                                                            false,
		"items:\n- a: &x 1\n- a: *x\nkind: List\n":                                                                                 false,
		"items: [{a: 1}, {a: 2}]\nkind: List\n":                                                                                    false,
		"items:\nother:\n- a: 1\nkind: List\n":                                                                                     false,
		"a: \"\nitems:\n- b\nc\"\nkind: List\n":                                                                                    false,
		"a: \"\nitems:\n- b\nc\"\nitems:\nkind: List\n":                                                                            false,
		"{\"items\": [\n{\"a\": 1}]}\n":                                                                                            true,
		"---\n# a\n {\"metadata\": {\n}, \"items\":[{\"a\": \"é&x !y\"},\r\n [1],\tnull, {\n\"b\": [\"]\"]}], \"kind\": \"List\"}": true,
		"{\"é\":1,\"items\":[{\"a\":1},{\"b\":{\"c\":2}}],\"kind\":\"List\"}":                                                      true,
		"{\"items\": {\"a\": 1}}":                                                                                                  false,
		"{\"a\": {\"items\": [1]}}":                                                                                                false,
		"{\"items\": [{'a': 1}]}":                                                                                                  false,
		"{\"items\": [{\"a\": 1}] # all\n}":                                                                                        false,
		"[{\"items\": [1]}]":                                                                                                       false,
		"kind: List\nitems:\n":                                                                                                     false,
		"a:\n  items:\n  - b: 1\n":                                                                                                 false,
	} {
		list, items := Items(Part{Line: 7, Text: []byte(text)})
		if (list != nil) != ok {
			t.Errorf("%q: cut %v", text, list != nil)
		}
		if ok {
			if different := compareItems(text, list, items); different != "" {
				t.Errorf("%q: %s", text, different)
			}
		}
	}
}

// compareItems is what is not the same in a List that begins on line 7 as a whole and in its
// items, "" if nothing is.
func compareItems(text string, list *Node, items []Part) string {
	whole, err := Read("a.yaml", Part{Line: 7, Text: []byte(text)})
	if err != nil || len(whole) != 1 {
		return fmt.Sprint("it is not read as a whole: ", err)
	}
	var want []*Node
	for _, f := range Fields(whole[0]) {
		if f.Key.Value == "items" {
			want = f.Value.Content
		}
	}
	var got []*Node
	for _, item := range items {
		nodes, err := Read("a.yaml", item)
		if err != nil || len(nodes) != 1 {
			return fmt.Sprintf("item %q: %v", item.Text, err)
		}
		got = append(got, nodes[0].Content...)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("other items:\n%v\n%v", outlines(got), outlines(want))
	}
	if len(list.Content) != len(whole[0].Content) {
		return "the rest is " + outline(list)
	}
	return ""
}

// FuzzItems: whatever is cut has the items that it has as a whole; it is cut the same way
// when it is read byte by byte, and the document after it is read.
func FuzzItems(f *testing.F) {
	for _, text := range []string{
		"apiVersion: v1\nitems:\n- a: 1\n  b: |\n    - x\n    items:\n- a: 2\nkind: List\n", "items:\r\n  - a: 1\r\n\r\n  - a: 'b\r\n\r\n    c'\r\nkind: List\r\n",
		"{\"items\": [{\"a\": \"\\\"}{\"}, {\"b\": [1]}], \"kind\": \"List\"}\n", "{\n\t\"items\": [\n\t{\"é\": 1}, null\n]}", "a: \"\nitems:\n- b\nc\"\nitems:\nkind: List\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parts := Split(text)
		if len(parts) == 0 {
			return
		}
		part := Part{Line: 7, Text: parts[0].Text}
		list, items := Items(part)
		if list == nil {
			return
		}
		different := compareItems(string(part.Text), list, items)
		if different != "" && !strings.Contains(different, "not read as a whole") && !strings.HasPrefix(different, "item ") { // an error is reported both ways
			t.Error(different)
		}
		const next = "\n---\nnext: 1\n"
		begin, _ := jsonAt(part.Text)
		begin = min(begin+1, len(part.Text)) // of a large document more is held
		rest := strings.NewReader(string(part.Text[begin:]) + next)
		s := Splitter{data: bytes.Clone(part.Text[:begin]), r: iotest.OneByteReader(rest), most: len(text) + 100, line: 7}
		var again []Part
		if _, err := s.Items(func(item Part) {
			item.Text = bytes.Clone(item.Text)
			again = append(again, item)
		}); err != nil || len(again) != len(items) {
			t.Fatalf("%d items byte by byte, and %d at once, %v", len(again), len(items), err)
		}
		for i := range items {
			if want := bytes.TrimRight(items[i].Text, "\r\n"); again[i].Line != items[i].Line || again[i].Shift != items[i].Shift || !bytes.HasPrefix(again[i].Text, want) {
				t.Errorf("item %d is %v byte by byte, and %v at once", i, again[i], items[i])
			}
		}
		for after := range 3 {
			part, err := s.Next()
			if string(part.Text) == next[1:] {
				break
			}
			if err != nil || after == 2 {
				t.Errorf("after the List comes %q, %v", part.Text, err)
			}
		}
	})
}

// TestItemsAreRead: of an endless List no more is read than the items that were passed on, and
// what one may have.
func TestItemsAreRead(t *testing.T) {
	const most = 1 << 20
	for start, item := range map[string]string{
		"kind: List\nitems:\n": "- a: " + strings.Repeat("x", 5000) + "\n  b: |\n    text\n", `{"kind": "List", "items": [1`: `, {"a": "` + strings.Repeat("x", 5000) + `"}`,
	} {
		failure := errors.New("unplugged")
		read := counter{r: io.MultiReader(strings.NewReader(start), strings.NewReader(strings.Repeat(item, 3000)), iotest.ErrReader(failure))}
		var s Splitter
		s.Reset(&read, most)
		if _, err := s.Next(); !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
		passed := 0
		_, err := s.Items(func(item Part) {
			passed += len(item.Text)
			if held := read.n - passed; held > 2*most {
				t.Fatalf("%q...: %d bytes are held", start, held)
			}
		})
		if !errors.Is(err, failure) || passed < 2999*len(item) {
			t.Errorf("%q...: %d bytes are passed on, %v", start, passed, err)
		}
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func outlines(nodes []*Node) (all []string) {
	for _, n := range nodes {
		all = append(all, outline(n))
	}
	return all
}
