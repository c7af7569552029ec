package hpack

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// The examples of RFC 7541 appendix C: what each block asks for, and how large
// the dynamic table is after it.
func TestExamplesOfTheRFC(t *testing.T) {
	type step struct {
		block string
		path  string
		sizes []uint32 // the newest first
	}
	for example, steps := range map[string][]step{
		"C.2.1": {{"400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", "", []uint32{55}}},
		"C.2.2": {{"040c 2f73 616d 706c 652f 7061 7468", "/sample/path", nil}},
		"C.2.3": {{"1008 7061 7373 776f 7264 0673 6563 7265 74", "", nil}},
		"C.2.4": {{"82", "", nil}},
		"C.3": {
			{"8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", "/", []uint32{57}},
			{"8286 84be 5808 6e6f 2d63 6163 6865", "/", []uint32{53, 57}},
			{"8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", "/index.html", []uint32{54, 53, 57}},
		},
		"C.4": {
			{"8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "/", []uint32{57}},
			{"8286 84be 5886 a8eb 1064 9cbf", "/", []uint32{53, 57}},
			{"8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", "/index.html", []uint32{54, 53, 57}},
		},
		// Answers, with a table of 256 octets: 3fe101 is that update.
		"C.5": {
			{`3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
			  3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`, "", []uint32{63, 65, 52, 42}},
			{"4803 3330 37c1 c0bf", "", []uint32{42, 63, 65, 52}},
			{`88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
			  6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630
			  303b 2076 6572 7369 6f6e 3d31`, "", []uint32{98, 52, 65}},
		},
		"C.6": {
			{`3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
			  1718 63c7 8f0b 97c8 e9ae 82ae 43d3`, "", []uint32{63, 65, 52, 42}},
			{"4883 640e ffc1 c0bf", "", []uint32{42, 63, 65, 52}},
			{`88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
			  b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`, "", []uint32{98, 52, 65}},
		},
	} {
		var r Reader
		for i, step := range steps {
			head, err := r.Block(fromHex(t, step.block))
			if err != nil || head != (Head{Path: step.path}) {
				t.Fatalf("%s, block %d: %+v, %v; want %q", example, i+1, head, err, step.path)
			}
			if got := r.table.sizes(); !slices.Equal(got, step.sizes) {
				t.Errorf("%s, block %d: entries of %v octets, want %v", example, i+1, got, step.sizes)
			}
		}
	}
}

// Every way of writing a path and a user-agent.
func TestHeads(t *testing.T) {
	const watch, kubelet, curl = "/grpc.health.v1.Health/Watch", "kube-probe/1.34 grpc-go/1.72.1", "curl/8.17.0"
	asPath, asProbe := Head{Path: watch}, Head{Probe: true}
	for what, test := range map[string]struct {
		blocks [][]byte
		want   Head
	}{
		"nothing":                        {[][]byte{{}}, Head{}},
		"a path, inserted":               {[][]byte{named(inserted, 6, 4, watch)}, asPath},
		"a path, not inserted":           {[][]byte{named(omitted, 4, 5, watch)}, asPath},
		"a path, never inserted":         {[][]byte{named(never, 4, 4, watch)}, asPath},
		"a path by its name":             {[][]byte{literal(inserted, ":path", watch)}, asPath},
		"a path in Huffman code":         {[][]byte{appendHuffman([]byte{0x44}, watch)}, asPath},
		"all of it in Huffman code":      {[][]byte{appendHuffman(appendHuffman([]byte{never}, ":path"), watch)}, asPath},
		"a path from the table":          {[][]byte{named(inserted, 6, 4, watch), indexed(62)}, asPath},
		"its name from the table":        {[][]byte{named(inserted, 6, 4, "/"), named(omitted, 4, 62, watch)}, asPath},
		"a name that looks alike":        {[][]byte{literal(inserted, ":patn", watch)}, Head{}},
		"a name that begins alike":       {[][]byte{literal(inserted, ":path-", watch), indexed(62)}, Head{}},
		"an empty path":                  {[][]byte{named(inserted, 6, 4, ""), indexed(62)}, Head{}},
		"the kubelet":                    {[][]byte{named(inserted, 6, 58, kubelet)}, asProbe},
		"the kubelet in Huffman":         {[][]byte{appendHuffman([]byte{0x7a}, kubelet)}, asProbe},
		"the kubelet by its name":        {[][]byte{literal(never, "user-agent", kubelet)}, asProbe},
		"the kubelet, from before":       {[][]byte{named(inserted, 6, 58, kubelet), indexed(62)}, asProbe},
		"another client":                 {[][]byte{named(inserted, 6, 58, curl), indexed(62)}, Head{}},
		"only the word":                  {[][]byte{named(omitted, 4, 58, "kube-probe")}, Head{}},
		"no more than the word":          {[][]byte{named(omitted, 4, 58, "kube-probe/")}, asProbe},
		"the user-agent without a value": {[][]byte{indexed(58)}, Head{}},
		"another field's value":          {[][]byte{named(inserted, 6, 53, kubelet)}, Head{}},
		"both": {[][]byte{append(named(inserted, 6, 4, watch), named(inserted, 6, 58, kubelet)...),
			append(indexed(63), indexed(62)...)}, Head{watch, true}},
	} {
		var r Reader
		var head Head
		for _, block := range test.blocks {
			var err error
			if head, err = r.Block(block); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if head != test.want {
			t.Errorf("%s: %+v, want %+v", what, head, test.want)
		}
	}
}

// A path that is remembered, in the table or beside it, is not that of another.
func TestManyPaths(t *testing.T) {
	var r, beside Reader
	for i := range 1000 {
		want := "/" + strings.Repeat(string(rune('a'+i%26)), i%300)
		for _, block := range [][]byte{
			named(inserted, 6, 4, want), named(never, 4, 4, want), appendHuffman([]byte{0x04}, want), indexed(62),
		} {
			if head, err := r.Block(block); err != nil || head.Path != want {
				t.Fatalf("%q, %v; want %q", head.Path, err, want)
			}
		}
		if head, err := beside.Block(named(omitted, 4, 4, want)); err != nil || head.Path != want {
			t.Fatalf("%q, %v; want %q", head.Path, err, want)
		}
		checkBounds(t, &r)
		checkBounds(t, &beside)
	}
}

// Nothing of a block may be kept: it is in a buffer that is read into again.
func TestBlockIsNotKept(t *testing.T) {
	var r Reader
	block := slices.Concat(named(inserted, 6, 4, "/a/b"), named(inserted, 6, 58, "kube-probe/1"))
	head, err := r.Block(block)
	clear(block)
	if again, err2 := r.Block([]byte{0xbf, 0xbe}); err != nil || err2 != nil || head != (Head{"/a/b", true}) || again != head {
		t.Errorf("%v, %v, then %v, %v", head, err, again, err2)
	}
}

// RFC 7541 sections 4.2 and 6.3.
func TestTableSize(t *testing.T) {
	for what, test := range map[string]struct {
		allow  []uint32
		blocks [][]byte
		want   error
		max    uint32
	}{
		"as large as it is":      {nil, [][]byte{resized(4096)}, nil, 4096},
		"larger":                 {nil, [][]byte{resized(4097)}, ErrTableSize, 0},
		"larger than a number":   {nil, [][]byte{resized(1<<32 + 1)}, ErrTableSize, 0},
		"larger, and allowed":    {[]uint32{65536}, [][]byte{resized(65536)}, nil, 65536},
		"largest":                {[]uint32{1<<32 - 1}, [][]byte{resized(1<<30 - 1)}, nil, 1<<30 - 1},
		"beyond what is kept":    {[]uint32{1<<32 - 1}, [][]byte{resized(1 << 30)}, ErrTableSize, 0},
		"allowed before":         {[]uint32{65536, 100}, [][]byte{resized(101)}, ErrTableSize, 0},
		"allowed, and not taken": {[]uint32{65536}, [][]byte{indexed(4)}, nil, 4096},
		"reduced, not yet taken": {[]uint32{0}, [][]byte{indexed(4)}, nil, 4096},
		"reduced and taken":      {[]uint32{0}, [][]byte{resized(0)}, nil, 0},
		"down and up":            {nil, [][]byte{append(resized(0), resized(4000)...)}, nil, 4000},
		"after a field":          {nil, [][]byte{append(indexed(4), resized(0)...)}, ErrLateUpdate, 0},
		"in the next block":      {nil, [][]byte{indexed(4), resized(7)}, nil, 7},
	} {
		var r Reader
		for _, octets := range test.allow {
			r.Allow(octets)
		}
		var err error
		for _, block := range test.blocks {
			_, err = r.Block(block)
		}
		if !errors.Is(err, test.want) || r.table.max != test.max {
			t.Errorf("%s: %v, %d octets; want %v, %d", what, err, r.table.max, test.want, test.max)
		}
	}
}

func TestTableSizeEmptiesTheTable(t *testing.T) {
	var r Reader
	if _, err := r.Block(named(inserted, 6, 4, "/a")); err != nil {
		t.Fatal(err)
	}
	if head, err := r.Block(slices.Concat(resized(0), resized(4096), indexed(62))); !errors.Is(err, ErrIndex) {
		t.Errorf("%v, %v", head, err)
	}
}

// RFC 7541 section 4.4: the name may be that of an entry which is evicted by
// the insertion.
func TestNameOfAnEvictedEntry(t *testing.T) {
	var r Reader
	long := "/" + strings.Repeat("x", 60)
	if _, err := r.Block(slices.Concat(resized(100), literal(inserted, ":path", "/a"))); err != nil {
		t.Fatal(err)
	}
	for _, block := range [][]byte{named(inserted, 6, 62, long), indexed(62)} {
		if head, err := r.Block(block); err != nil || head.Path != long || r.table.count != 1 {
			t.Errorf("%q, %v, %d entries; want %q alone", head.Path, err, r.table.count, long)
		}
	}
}

// A reader that has failed stays failed, and holds nothing.
func TestBrokenForGood(t *testing.T) {
	bad := appendHuffman(nil, "a")
	bad[len(bad)-1] &^= 1
	for what, test := range map[string]struct {
		block []byte
		want  error
	}{
		"an index":            {indexed(70), ErrIndex},
		"a cut name":          {[]byte{inserted, 5, ':', 'p'}, ErrTruncated},
		"no value":            {[]byte{0x44}, ErrTruncated},
		"a cut integer":       {[]byte{0xff}, ErrTruncated},
		"a cut name's index":  {[]byte{0x0f}, ErrTruncated},
		"a cut size":          {[]byte{0x3f, 0x80}, ErrTruncated},
		"a long integer":      {append([]byte{0xff}, bytes.Repeat([]byte{0x80}, 20)...), ErrInteger},
		"a Huffman name":      {append([]byte{0}, append(bad, 0)...), ErrHuffman},
		"a Huffman path":      {append([]byte{4}, bad...), ErrHuffman},
		"a Huffman agent":     {append([]byte{0x0f, 58 - 15}, bad...), ErrHuffman},
		"a Huffman insertion": {append([]byte{0x41}, bad...), ErrHuffman},
	} {
		var r Reader
		if _, err := r.Block(named(inserted, 6, 4, "/a")); err != nil {
			t.Fatal(err)
		}
		for _, block := range [][]byte{test.block, indexed(4), {}} {
			if head, err := r.Block(block); err != test.want || head != (Head{}) {
				t.Errorf("%s: %v, %v; want %v", what, head, err, test.want)
			}
		}
		r.Allow(100)
		if _, err := r.Block(nil); err != test.want {
			t.Errorf("%s: %v after Allow", what, err)
		}
		if r.table.ring != nil {
			t.Errorf("%s: the table is still there", what)
		}
	}
}

// What is not asked for is not decoded.
func TestUnwantedValueIsPassedOver(t *testing.T) {
	var r Reader
	if head, err := r.Block([]byte{0x01, 0x81, 0x00, 0x84}); err != nil || head.Path != "/" {
		t.Errorf("%v, %v", head, err)
	}
}

func TestReaderIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Reader{}); size > 300 {
		t.Errorf("an idle Reader takes %d octets", size)
	}
	if size := unsafe.Sizeof(entry{}); size > 24 {
		t.Errorf("an entry takes %d octets", size)
	}
}
