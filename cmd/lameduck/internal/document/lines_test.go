package document

import (
	"fmt"
	"slices"
	"testing"
)

// TestLines: the parser and what counts lines agree on where one begins.
func TestLines(t *testing.T) {
	for _, mark := range []string{"\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029"} {
		text := []byte("a: é€" + mark + mark + "b: 2" + mark + "---" + mark + "c: 3")
		var lines []string
		for line := range Lines(text) {
			lines = append(lines, string(line))
		}
		if want := []string{"a: é€" + mark, mark, "b: 2" + mark, "---" + mark, "c: 3"}; !slices.Equal(lines, want) {
			t.Errorf("%q: %q", mark, lines)
		}
		var places []string
		for _, part := range Split(text) {
			nodes, err := Read("a.yaml", part)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(nodes[0].Content); i += 2 {
				places = append(places, fmt.Sprint(nodes[0].Content[i].Value, nodes[0].Content[i].Line))
			}
		}
		if want := []string{"a1", "b3", "c5"}; !slices.Equal(places, want) {
			t.Errorf("%q: %q", mark, places)
		}
	}
}
