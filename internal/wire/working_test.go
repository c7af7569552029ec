package wire

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Working is what a walk of the streams would count, whatever has begun and ended.
func TestWorkingIsCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c Conn
	c.ReadPaths()
	c.follow(server(settings))
	var open []uint32
	watches := 0
	for id := uint32(1); id < 2000; id += 2 {
		begin := frame(frameHeaders, flagEnd, id, get...)
		if r.IntN(3) == 0 {
			begin = frame(frameHeaders, flagEnd, id, request(healthService+"Watch")...)
		}
		c.follow(client(begin))
		open = append(open, id)
		for len(open) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(open))
			c.follow(client(frame(frameRSTStream, 0, open[i], 0, 0, 0, 8)))
			open = slices.Delete(open, i, i+1)
		}
		want := 0
		for _, s := range c.Streams() {
			if s.Watch {
				watches++
			} else {
				want++
			}
		}
		if got := c.Working(); got != want {
			t.Fatalf("%d, want %d of %d open", got, want, len(open))
		}
	}
	if watches == 0 {
		t.Error("no watch was open")
	}
}
