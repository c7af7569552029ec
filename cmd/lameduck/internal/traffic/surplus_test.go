package traffic

import "testing"

// A stall opens more connections. When it is over those go again: were it the
// old ones, no connection would stay with a pod until its exit.
func TestSurplusIsTheYoungest(t *testing.T) {
	k := &keepalive{connections: 2, live: 4}
	for _, step := range []struct{ id, surplus uint64 }{{5, 0}, {9, 0}, {3, 9}, {7, 7}, {1, 5}} {
		var got uint64
		if c := k.shelve(&conn{id: step.id}); c != nil {
			got = c.id
		}
		if got != step.surplus {
			t.Errorf("with %d idle besides, %d is closed, want %d", step.id, got, step.surplus)
		}
	}
}
