package trial

import "time"

// remaining estimates how long the actions of a trial still take, by those that
// have ended.
type remaining struct {
	begun  time.Duration // when the first action began
	rounds int
	each   time.Duration // how long one takes; 0: not known
}

// ended is called when so many actions have ended.
func (r *remaining) ended(rounds int, now time.Duration) {
	r.each = (now - r.begun) / time.Duration(rounds)
}

// at is about how long they take from now on; 0 if that is not known.
func (r *remaining) at(now time.Duration) time.Duration {
	return max(0, r.begun+r.each*time.Duration(r.rounds)-now)
}
