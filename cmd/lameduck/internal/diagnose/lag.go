package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
)

// lag is how late this machine was, as the control target shows: by as much as
// its responses were slower, a pod may have been slower in whatever it did.
type lag struct {
	inTime  time.Duration // a wait that shows no lag; only longer ones are kept
	waits   []wait        // in the order in which they were due
	longest time.Duration
	blocks  []time.Duration // the longest wait of each blockSize of them
}

// blockSize is how many waits during can pass over at once: it may be asked
// for each pod about much of the run.
const blockSize = 256

// wait is how long a client of the control target waited, or for how long the
// tool itself got no processor.
type wait struct{ due, over time.Duration }

func (w wait) length() time.Duration { return w.over - w.due }

func (l *lag) add(w wait) {
	l.longest = max(l.longest, w.length())
	if w.length() > l.inTime {
		l.waits = append(l.waits, w)
	}
}

func (l *lag) sort() {
	slices.SortStableFunc(l.waits, func(a, b wait) int { return cmp.Compare(a.due, b.due) })
	for block := range slices.Chunk(l.waits, blockSize) {
		longest := slices.MaxFunc(block, func(a, b wait) int { return cmp.Compare(a.length(), b.length()) })
		l.blocks = append(l.blocks, longest.length())
	}
}

// joined are the times in which something waited.
func (l *lag) joined() attribute.Stalls {
	return attribute.Joined(func(yield func(from, to time.Duration) bool) {
		for _, w := range l.waits {
			if !yield(w.due, w.over) {
				return
			}
		}
	})
}

// during is the longest wait of a client of the control target that overlaps
// those moments.
func (l *lag) during(from, to time.Duration) time.Duration {
	first, _ := slices.BinarySearchFunc(l.waits, from-l.longest, func(w wait, at time.Duration) int { return cmp.Compare(w.due, at) })
	var worst time.Duration
	for i := first; i < len(l.waits) && l.waits[i].due <= to; i++ {
		w, last := l.waits[i], i+blockSize-1
		switch {
		case i%blockSize == 0 && w.due >= from && last < len(l.waits) && l.waits[last].due <= to:
			worst, i = max(worst, l.blocks[i/blockSize]), last
		case w.over >= from:
			worst = max(worst, w.length())
		}
	}
	return worst
}
