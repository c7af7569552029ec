package wire

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzFrames has two connections see the same bytes, of both sides in turns,
// one in whole turns and the other in pieces: whatever the bytes are, both
// know the same, and a frame of ours fits in at the same places.
func FuzzFrames(f *testing.F) {
	answer := slices.Concat(settings, frame(frameHeaders, 0, 1, status...), frame(frameContinuation, flagEndHeaders, 1),
		frame(frameData, flagEndStream, 1, 'o', 'k'), frame(frameRSTStream, 0, 1, 0, 0, 0, 0))
	asked := slices.Concat(settings, frame(frameHeaders, flagEndStream|flagPadded, 1, append([]byte{0}, get...)...), frame(frameContinuation, flagEndHeaders, 1),
		frame(frameHeaders, flagEnd, 3, request(healthService+"Watch")...), pong(new(Conn).FirstGoAway()))
	f.Add(turns(asked, answer), []byte{1, 8, 9, 3}, true)
	f.Add(turns(asked[:20], answer, asked[20:]), []byte{0, 1}, false)
	f.Add(turns(asked, answer[:30], nil, answer[30:]), []byte{200}, true)
	f.Add(turns(frame(frameData, 0xff, 1, make([]byte, 200)...), goAway(0)), []byte{7}, true)
	f.Fuzz(func(t *testing.T, data, sizes []byte, paths bool) {
		var whole, split Conn
		if paths {
			whole.ReadPaths()
			split.ReadPaths()
		}
		whole.FirstGoAway()
		split.FirstGoAway()
		next := pieces(sizes)
		for from := byte('c'); len(data) > 0; from ^= 'c' ^ 's' {
			n := min(int(data[0]), len(data)-1)
			turn := data[1 : 1+n]
			data = data[1+n:]
			begun, silent := whole.follow(step{from, turn})
			for len(turn) > 0 {
				n := min(next(), len(turn))
				b, s := split.follow(step{from, bytes.Clone(turn[:n])})
				begun, silent = begun-b, min(1, silent)-s
				turn = turn[n:]
			}
			if begun != 0 || silent > 0 || state(&whole) != state(&split) {
				t.Fatalf("%d more begun and %d times more silent as a whole\n%s\n%s", begun, silent, state(&whole), state(&split))
			}
			check(t, &whole)
		}
	})
}

// check checks what is always so.
func check(t *testing.T, c *Conn) {
	t.Helper()
	ids := open(c)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Fatalf("twice in %v", ids)
	}
	for _, id := range ids {
		if id > c.Last() || id%2 == 0 {
			t.Fatalf("stream %d is open, the last one is %d", id, c.Last())
		}
	}
	if c.Busy() && len(ids) == 0 {
		t.Fatal("busy with nothing")
	}
}

// turns writes what the sides send in turns, the client first, as the fuzz
// target reads it.
func turns(all ...[]byte) (data []byte) {
	for i, turn := range all {
		for len(turn) > 255 {
			data = append(append(append(data, 255), turn[:255]...), 0)
			turn = turn[255:]
		}
		if data = append(append(data, byte(len(turn))), turn...); i == len(all)-1 {
			break
		}
	}
	return data
}

// pieces returns the lengths to split by, over and over.
func pieces(sizes []byte) func() int {
	i := -1
	return func() int {
		if len(sizes) == 0 {
			return 1
		}
		i = (i + 1) % len(sizes)
		return 1 + int(sizes[i])
	}
}
