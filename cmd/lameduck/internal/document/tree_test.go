package document

import (
	"testing"
	"unsafe"

	"go.yaml.in/yaml/v4"
)

func TestStylesAreThoseOfTheLibrary(t *testing.T) {
	for ours, theirs := range map[Style]yaml.Style{
		TaggedStyle: yaml.TaggedStyle, DoubleQuotedStyle: yaml.DoubleQuotedStyle, SingleQuotedStyle: yaml.SingleQuotedStyle,
		LiteralStyle: yaml.LiteralStyle, FoldedStyle: yaml.FoldedStyle, FlowStyle: yaml.FlowStyle,
	} {
		if yaml.Style(ours) != theirs {
			t.Errorf("%d is %d in the library", ours, theirs)
		}
	}
}

func TestRead(t *testing.T) {
	nodes, err := Read("a.yaml", Part{Line: 10, Text: []byte("a: &x [1, !mine b, 'c']\nb: *x\n<<: {d: 2026-01-01}\n")})
	if err != nil || len(nodes) != 1 {
		t.Fatal(nodes, err)
	}
	content := nodes[0].Content
	list, alias := content[1], content[3]
	for i, tag := range []string{"!!int", "!mine", "!!str"} {
		if got := list.Content[i].ShortTag(); got != tag {
			t.Errorf("item %d is %s, want %s", i, got, tag)
		}
	}
	if list.Anchor() != "x" || alias.Alias() != list || alias.Line != 11 || alias.Column != 4 || !IsMerge(content[4]) {
		t.Errorf("anchor %q, alias at %d:%d", list.Anchor(), alias.Line, alias.Column)
	}
	var all struct {
		B []string
		D string
	}
	if err := nodes[0].Load(&all); err != nil || len(all.B) != 3 || all.D != "2026-01-01" {
		t.Errorf("loaded %v, %v", all, err)
	}
}

// TestNodesAreSmall: all manifests that are judged together are in memory at the same time.
func TestNodesAreSmall(t *testing.T) {
	if size := unsafe.Sizeof(Node{}); size > 64 {
		t.Errorf("a node takes %d bytes; 64 are enough", size)
	}
}
