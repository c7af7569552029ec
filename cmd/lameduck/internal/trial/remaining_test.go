package trial

import (
	"testing"
	"time"
)

// TestRemaining: nothing is known before the first action has ended, unless it
// takes a known time; then its mean counts.
func TestRemaining(t *testing.T) {
	const s = time.Second
	r := remaining{begun: 5 * s, rounds: 4}
	if left := r.at(8 * s); left != 0 {
		t.Errorf("%v is left before an action has ended, want 0: it is not known", left)
	}
	r.ended(1, 15*s)
	if left := r.at(18 * s); left != 27*s {
		t.Errorf("%v is left, want 27s", left)
	}
	r.ended(2, 35*s)
	if left := r.at(35 * s); left != 30*s {
		t.Errorf("%v is left, want 30s", left)
	}
	if left := r.at(100 * s); left != 0 {
		t.Errorf("%v is left of an action that takes longer, want 0", left)
	}
	watch := remaining{begun: s, rounds: 1, each: 60 * s}
	if left := watch.at(11 * s); left != 50*s {
		t.Errorf("%v is left to watch, want 50s", left)
	}
}
