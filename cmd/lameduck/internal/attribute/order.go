package attribute

import (
	"container/heap"
	"math"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// starts is when the attempts of a record began. A record has them in about the order of their
// ends. To sort them in little memory it is enough to know of each block of the record
// the earliest start in it: what began before that of all blocks to come needs to wait no longer.
type starts struct {
	n          int
	blocks     []time.Duration
	notStarted []timeline.Attempt // they come first
}

// blockSize is how many attempts of a record are a block.
const blockSize = 1024

func (s *starts) add(a *timeline.Attempt) {
	if s.n%blockSize == 0 {
		s.blocks = append(s.blocks, math.MaxInt64)
	}
	s.n++
	if a.Started == timeline.Never {
		s.notStarted = append(s.notStarted, *a)
		return
	}
	last := &s.blocks[len(s.blocks)-1]
	*last = min(*last, a.Started)
}

// sorted passes on the same attempts in the order of their start.
func (s *starts) sorted(recorded timeline.Attempts) timeline.Attempts {
	for i := len(s.blocks) - 2; i >= 0; i-- {
		s.blocks[i] = min(s.blocks[i], s.blocks[i+1]) // and in all blocks to come
	}
	return func(next func(*timeline.Attempt)) error {
		for i := range s.notStarted {
			next(&s.notStarted[i])
		}
		var held byStart
		n := 0
		err := recorded(func(a *timeline.Attempt) {
			if n++; a.Started != timeline.Never {
				copied := *a
				heap.Push(&held, numbered{&copied, n})
			}
			if n%blockSize == 0 {
				held.release(s.after(n), next)
			}
		})
		if err == nil {
			held.release(math.MaxInt64, next)
		}
		return err
	}
}

// after is the earliest start of all attempts after so many blocks.
func (s *starts) after(n int) time.Duration {
	if i := n / blockSize; i < len(s.blocks) {
		return s.blocks[i]
	}
	return math.MaxInt64
}

// byStart is a heap of attempts. Of two that began at the same moment the first in the
// record is the first.
type byStart []numbered

type numbered struct {
	*timeline.Attempt
	n int
}

// release passes on those that began at the moment, or before.
func (h *byStart) release(until time.Duration, next func(*timeline.Attempt)) {
	for len(*h) > 0 && (*h)[0].Started <= until {
		next(heap.Pop(h).(numbered).Attempt)
	}
}

func (h byStart) Len() int { return len(h) }

func (h byStart) Less(i, j int) bool {
	return h[i].Started < h[j].Started || h[i].Started == h[j].Started && h[i].n < h[j].n
}

func (h byStart) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *byStart) Push(x any) { *h = append(*h, x.(numbered)) }

func (h *byStart) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
