package hpack

import (
	"errors"
	"slices"
	"testing"
)

// sizes are those of the entries, the newest first, as an index counts them.
func (t *table) sizes() (all []uint32) {
	for behind := range t.count {
		all = append(all, t.at(behind).size)
	}
	return all
}

func TestTableKeepsTheNewestThatFit(t *testing.T) {
	table := table{max: 200}
	for i := range uint64(100) {
		table.add(entry{}, 32+i%7)
		want := []uint32{}
		for sum, j := uint64(0), i; ; j-- {
			if sum += 32 + j%7; sum > 200 {
				break
			}
			want = append(want, uint32(32+j%7))
			if j == 0 {
				break
			}
		}
		if got := table.sizes(); !slices.Equal(got, want) {
			t.Fatalf("after %d entries: %v, want %v", i+1, got, want)
		}
	}
	if len(table.ring) != 8 {
		t.Errorf("room for %d entries, and there were never more than 6", len(table.ring))
	}
}

// The ring grows when its oldest entry is somewhere in the middle of it.
func TestTableGrows(t *testing.T) {
	table := table{max: 4096}
	for range 12 {
		table.add(entry{}, 600)
	}
	want := slices.Repeat([]uint32{600}, 6)
	for i := range uint32(60) {
		table.add(entry{}, uint64(33+i%5))
		want = slices.Insert(want, 0, 33+i%5)
		for sum(want) > 4096 {
			want = want[:len(want)-1]
		}
		if got := table.sizes(); !slices.Equal(got, want) {
			t.Fatalf("after %d small entries: %v, want %v", i+1, got, want)
		}
	}
}

func sum(sizes []uint32) (all uint32) {
	for _, size := range sizes {
		all += size
	}
	return all
}

// RFC 7541 section 4.3: a smaller table drops its oldest entries at once.
func TestTableResized(t *testing.T) {
	table := table{max: 1000}
	for i := range uint64(5) {
		table.add(entry{value: "/"}, 40+i)
	}
	table.resize(44 + 43)
	if got := table.sizes(); !slices.Equal(got, []uint32{44, 43}) {
		t.Errorf("%v is left", got)
	}
	table.resize(86)
	table.resize(1000)
	table.add(entry{}, 50)
	if got := table.sizes(); !slices.Equal(got, []uint32{50, 44}) || table.size != 94 {
		t.Errorf("%v is left, %d octets", got, table.size)
	}
	left := 0
	for _, e := range table.ring {
		if e.size != 0 || e.value != "" {
			left++
		}
	}
	if left != 2 {
		t.Errorf("the ring still holds %d entries", left)
	}
}

// RFC 7541 section 4.4: too large an entry empties the table, and is no error.
func TestTooLargeAnEntry(t *testing.T) {
	table := table{max: 100}
	table.add(entry{}, 100)
	if table.count != 1 {
		t.Fatal("an entry as large as the table has no room")
	}
	table.add(entry{}, 101)
	if table.count != 0 || table.size != 0 {
		t.Errorf("%d entries are left, %d octets", table.count, table.size)
	}
	table.add(entry{}, 1<<40)
	table.add(entry{}, 33)
	if got := table.sizes(); !slices.Equal(got, []uint32{33}) {
		t.Errorf("then one fits: %v", got)
	}
}

// The static table in words, from RFC 7541 appendix A: a name that is inserted
// by its index counts as long as it is.
func TestStaticNames(t *testing.T) {
	names := []string{
		":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme", ":status", ":status", ":status", ":status",
		":status", ":status", ":status", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "accept",
		"access-control-allow-origin", "age", "allow", "authorization", "cache-control", "content-disposition",
		"content-encoding", "content-language", "content-length", "content-location", "content-range", "content-type", "cookie",
		"date", "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
		"if-unmodified-since", "last-modified", "link", "location", "max-forwards", "proxy-authenticate",
		"proxy-authorization", "range", "referer", "refresh", "retry-after", "server", "set-cookie",
		"strict-transport-security", "transfer-encoding", "user-agent", "vary", "via", "www-authenticate",
	}
	if len(names) != len(static)-1 {
		t.Fatalf("%d names, %d entries", len(names), len(static)-1)
	}
	for i, want := range names {
		var r Reader
		if _, err := r.Block(named(inserted, 6, uint64(i+1), "12345")); err != nil {
			t.Fatal(err)
		}
		if got := int(r.table.size); got != entryOverhead+len(want)+5 {
			t.Errorf("index %d, %s: counts %d octets", i+1, want, got)
		}
		if is := want == ":path"; (static[i+1].name == path) != is {
			t.Errorf("index %d, %s: taken for the path: %v", i+1, want, !is)
		}
		if is := want == "user-agent"; (static[i+1].name == agent) != is {
			t.Errorf("index %d, %s: taken for the user-agent: %v", i+1, want, !is)
		}
	}
}

func TestIndexBeyondTheTables(t *testing.T) {
	for _, block := range [][]byte{
		indexed(0), indexed(62), named(inserted, 6, 62, "x"), named(omitted, 4, 62, "x"), indexed(1 << 40),
		append(literal(inserted, "a", "b"), indexed(63)...),
	} {
		var r Reader
		if head, err := r.Block(block); !errors.Is(err, ErrIndex) {
			t.Errorf("% x: %v, %v", block, head, err)
		}
	}
}
