package document

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// samePacked fails if a document is another one after it was packed.
func samePacked(t *testing.T, words *Words, text []byte) {
	t.Helper()
	nodes, err := Read("a.yaml", Part{Line: 3, Text: text})
	if err != nil {
		return
	}
	for _, n := range nodes {
		if again := Pack(n, words).Tree(); !reflect.DeepEqual(n, again) {
			t.Errorf("%q is another document after it was packed:\n%v\n%v", text, outline(n), outline(again))
		}
	}
}

func outline(n *Node) string {
	var text strings.Builder
	text.WriteString(fmt.Sprint(n.Kind, n.ShortTag(), n.Style, n.Anchor(), n.Value, n.Line, n.Column))
	for _, child := range n.Content {
		text.WriteString("[" + outline(child) + "]")
	}
	return text.String()
}

var awkward = []string{
	"", "a", "a: 1\nb: [x, {y: 'z'}]\n", "a: &x [1, !mine b, \"c\"]\nb: *x\n<<: {d: 2026-01-01}\n",
	"a: &x {k: &y 1}\nb: {<<: *x, c: *y}\n*y : z\n", "a: |\n  text\nb: >\n  folded\n", "!!set {a, b}", "- - - &e\n- *e\n", "{}", "[]", "a: !<tag:x> {}\n",
}

func TestPacked(t *testing.T) {
	var words Words
	for _, text := range awkward {
		samePacked(t, &words, []byte(text))
	}
	files, err := filepath.Glob("../lint/testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		samePacked(t, &words, text)
	}
}

// TestPackedItem: an item of a list keeps what its aliases stand for in another item, and
// does not repeat it.
func TestPackedItem(t *testing.T) {
	nodes, err := Read("a.yaml", Part{Line: 1, Text: []byte("- &x {a: 1}\n- {b: *x, c: *x}\n")})
	if err != nil {
		t.Fatal(err)
	}
	shared, item := nodes[0].Content[0], nodes[0].Content[1]
	again := Pack(item, &Words{}).Tree()
	for _, i := range []int{1, 3} {
		if again.Content[i].Alias() != shared {
			t.Errorf("the alias stands for %v", again.Content[i].Alias())
		}
	}
}

// TestPackedIsSmall: without this the memory of lint grows with its input as if nothing
// were packed.
func TestPackedIsSmall(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := Read("a.yaml", Part{Line: 1, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var words Words
	for _, n := range nodes {
		Pack(n, &words) // the words
		if p := Pack(n, &words); len(p.text) > 10*p.nodes {
			t.Errorf("%d nodes take %d bytes", p.nodes, len(p.text))
		}
	}
}

func FuzzPacked(f *testing.F) {
	for _, text := range awkward {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { samePacked(t, &Words{}, text) })
}
