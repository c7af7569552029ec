package hpack

import (
	"slices"
	"testing"
)

// FuzzBlock reads whatever there is, in blocks whose length the octet before
// has: the tables and the memory stay within their bounds.
func FuzzBlock(f *testing.F) {
	request := slices.Concat(indexed(3), indexed(6),
		named(inserted, 6, 4, "/a.B/C"), named(inserted, 6, 58, "kube-probe/1.34"), indexed(63), indexed(62))
	for _, block := range [][]byte{
		request,
		appendHuffman([]byte{0x44}, "/grpc.health.v1.Health/Watch"),
		slices.Concat(resized(40), literal(inserted, "", ""), literal(inserted, "ab", "cd"), indexed(62)),
		slices.Concat(resized(0), resized(4096), request),
		{0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		f.Add(slices.Concat([]byte{byte(len(block))}, block, []byte{2, 0xbe, 0xbf}), uint32(4096))
	}
	f.Fuzz(func(t *testing.T, data []byte, allowed uint32) {
		var r Reader
		r.Allow(allowed)
		var broken error
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			block := slices.Clone(data[1 : 1+n])
			data = data[1+n:]
			head, err := r.Block(block)
			if broken != nil && err != broken {
				t.Fatalf("%v, and was %v before", err, broken)
			}
			if err != nil && head != (Head{}) {
				t.Fatalf("%+v beside %v", head, err)
			}
			broken = err
			checkBounds(t, &r)
		}
	})
}

func checkBounds(t *testing.T, r *Reader) {
	t.Helper()
	if all := sum(r.table.sizes()); all != r.table.size || all > r.table.max || r.table.max > max(r.allowed, initialTable) {
		t.Fatalf("%d octets, counted as %d, with %d at most, and %d allowed", all, r.table.size, r.table.max, r.allowed)
	}
	if most := max(8, 2*r.table.max/entryOverhead); uint32(len(r.table.ring)) > most && r.err == nil {
		t.Fatalf("room for %d entries where %d fit", len(r.table.ring), r.table.max/entryOverhead)
	}
	for _, s := range r.recent.strings {
		if len(s) > recentLength {
			t.Fatalf("a string of %d octets is remembered", len(s))
		}
	}
}
