package hint

import "testing"

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"ab", "", 2}, {"", "ab", 2}, {"ports", "port", 1}, {"template", "tempalte", 1}, {"hostPort", "nodePort", 3}, {"kitten", "sitting", 3}} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

// TestDidYouMean has the word that was probably meant, and none where none is
// like it.
func TestDidYouMean(t *testing.T) {
	words := []string{"rollout", "delete", "scale-down", "evict"}
	for typed, want := range map[string]string{
		"rolout": "did you mean rollout? (use one)", "Delete": "did you mean delete? (use one)", "scaledown": "did you mean scale-down? (use one)",
		"explode": "use one", "": "use one", "x": "use one",
	} {
		if got := DidYouMean(typed, words, "use one"); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
