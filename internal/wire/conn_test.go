package wire

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frame is one frame. A length that differs from the payload's is the test's
// business.
func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	n := len(payload)
	head := []byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags,
		byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}
	return append(head, payload...)
}

const flagEnd = flagEndStream | flagEndHeaders

// The header blocks of this test, without Huffman code: a request for a path,
// and what has no part in that.
func request(path string) []byte { return append([]byte{0x04, byte(len(path))}, path...) }

var (
	status = []byte{0x88}
	get    = request("/")
)

// settings is what both sides begin with.
var settings = frame(frameSettings, 0, 0)

// A step is what one side sends.
type step struct {
	from  byte // 'c'lient or 's'erver
	bytes []byte
}

func client(frames ...[]byte) step { return step{'c', slices.Concat(frames...)} }
func server(frames ...[]byte) step { return step{'s', slices.Concat(frames...)} }

// state is all that a Conn reports.
func state(c *Conn) string {
	ids := []string{}
	for _, s := range c.Streams() {
		text := fmt.Sprint(s.ID)
		if s.Path != "" {
			text += " " + s.Path
		}
		if s.Watch {
			text += " watch"
		}
		ids = append(ids, text)
	}
	slices.Sort(ids)
	return fmt.Sprintf("open %q last %d busy %v acked %v fits %v halfway %v",
		ids, c.Last(), c.Busy(), c.Acked(), c.AtBoundary(), c.MidFrame())
}

// follow has c see the steps, whole. It returns how many streams began, and
// how often the last one ended.
func (c *Conn) follow(steps ...step) (begun, silent int) {
	for _, s := range steps {
		if s.from == 'c' {
			begun += c.Received(s.bytes, 0)
		} else if c.Sent(s.bytes) {
			silent++
		}
	}
	return begun, silent
}

// followBytes is the same, one byte at a time.
func (c *Conn) followBytes(steps ...step) (begun, silent int) {
	for _, s := range steps {
		for i := range s.bytes {
			b, n := c.follow(step{s.from, s.bytes[i : i+1]})
			begun, silent = begun+b, silent+n
		}
	}
	return begun, silent
}

func TestStreams(t *testing.T) {
	for _, test := range []struct {
		name   string
		steps  []step
		open   []uint32
		begun  int
		silent int
	}{
		{name: "a request and its answer", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, 0, 1, 'o'), frame(frameData, flagEndStream, 1, 'k')),
		}},
		{name: "an answer that goes on", begun: 1, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, 0, 1)),
		}},
		{name: "an answer without a body", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEnd, 1, status...)),
		}},
		{name: "its end in an empty frame", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, flagEndStream, 1)),
		}},
		{name: "its end in padding", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd|flagPadded, 1, slices.Concat([]byte{3}, get, []byte{0, 0, 0})...)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, flagEndStream|flagPadded, 1, 2, 0, 0)),
		}},
		{name: "trailers on both sides", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEndHeaders, 1, get...), frame(frameData, 0, 1, 'x'), frame(frameHeaders, flagEnd, 1, 0x80)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, 0, 1, 'x'), frame(frameHeaders, flagEnd, 1, status...)),
		}},
		{name: "informational answers first", begun: 1, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameHeaders, flagEndHeaders, 1, status...)),
		}},
		{name: "a block in three frames begins one stream", begun: 1, open: []uint32{5}, steps: []step{
			client(frame(frameHeaders, flagEndStream, 5, get[:1]...), frame(frameContinuation, 0, 5), frame(frameContinuation, flagEndHeaders, 5, get[1:]...)),
		}},
		{name: "a block that has not ended begins none", steps: []step{
			client(frame(frameHeaders, flagEndStream, 5, get...), frame(frameContinuation, 0, 5)),
		}},
		{name: "an answer ends with its CONTINUATION", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndStream, 1), frame(frameContinuation, 0, 1, status...), frame(frameContinuation, flagEndHeaders, 1)),
		}},
		{name: "and not before", begun: 1, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(frameHeaders, flagEndStream, 1, status...), frame(frameContinuation, 0, 1)),
		}},
		{name: "the client resets", begun: 2, open: []uint32{3}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...), frame(frameHeaders, flagEnd, 3, get...), frame(frameRSTStream, 0, 1, 0, 0, 0, 8)),
		}},
		{name: "the server refuses", begun: 2, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...), frame(frameHeaders, flagEnd, 3, get...)),
			server(frame(frameRSTStream, 0, 3, 0, 0, 0, 7)),
		}},
		{name: "the server refuses the last one", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEndHeaders, 1, get...)),
			server(frame(frameRSTStream, 0, 1, 0, 0, 0, 7)),
		}},
		{name: "an answer before the request is whole", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEndHeaders, 1, get...), frame(frameData, 0, 1, 'x')),
			server(frame(frameHeaders, flagEnd, 1, status...), frame(frameRSTStream, 0, 1, 0, 0, 0, 0)),
			client(frame(frameData, flagEndStream, 1, 'x'), frame(frameRSTStream, 0, 1, 0, 0, 0, 8)),
		}},
		{name: "what is reset does not come back", begun: 1, steps: []step{
			client(frame(frameHeaders, flagEndHeaders, 1, get...), frame(frameRSTStream, 0, 1, 0, 0, 0, 8)),
			server(frame(frameHeaders, flagEndHeaders, 1, status...), frame(frameData, flagEndStream, 1)),
			client(frame(frameHeaders, flagEnd, 1, get...)),
		}},
		{name: "flags of other frames have no meaning", begun: 1, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEndHeaders|flagPriority, 1, slices.Concat(make([]byte, 5), get)...)),
			client(frame(0x2, 0xff, 1, 0, 0, 0, 0, 0), frame(0x8, 0xff, 1, 0, 0, 0, 1), frame(0xfa, 0xff, 1, 1, 2, 3)),
			server(frame(0x8, 0xff, 1, 0, 0, 0, 1), frame(frameSettings, 1, 0), frame(0xfa, 0xff, 1, 1, 2, 3), frame(framePing, 1, 0, make([]byte, 8)...)),
		}},
		{name: "the reserved bit of a stream id", begun: 1, silent: 1, steps: []step{
			client(frame(frameHeaders, flagEnd, 1<<31|7, get...)),
			server(frame(frameHeaders, flagEnd, 7, status...)),
		}},
		{name: "a stream of the server's", begun: 1, open: []uint32{1}, steps: []step{
			client(frame(frameHeaders, flagEnd, 1, get...)),
			server(frame(framePushPromise, 0, 1, 0, 0, 0, 2), frame(frameContinuation, flagEndHeaders, 1, get...), frame(frameHeaders, flagEnd, 2, status...)),
			client(frame(frameRSTStream, 0, 2, 0, 0, 0, 8)),
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole, split Conn
			begun, silent := whole.follow(test.steps...)
			if begun != test.begun || silent != test.silent {
				t.Errorf("%d begun, %d times silent", begun, silent)
			}
			if open := open(&whole); !slices.Equal(open, test.open) {
				t.Errorf("open %v, want %v", open, test.open)
			}
			begun, silent = split.followBytes(test.steps...)
			if begun != test.begun || silent != test.silent || state(&split) != state(&whole) {
				t.Errorf("byte by byte: %d begun, %d times silent, %s", begun, silent, state(&split))
			}
		})
	}
}

func open(c *Conn) (ids []uint32) {
	for _, s := range c.Streams() {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

// The largest frame there is (RFC 9113, section 4.2) is followed as any other,
// though no server of Go's would take it.
func TestLargestFrame(t *testing.T) {
	var c Conn
	c.ReadPaths()
	large := make([]byte, 1<<24-1)
	for i, kind := range []byte{frameData, frameHeaders, 0xfa} {
		f := frame(kind, flagPadded, uint32(2*i+1), large...)
		for len(f) > 0 {
			n := min(len(f), 1<<20-7)
			c.Received(f[:n], 0)
			if f = f[n:]; !c.MidFrame() && len(f) > 0 {
				t.Fatalf("not halfway with %d bytes to come", len(f))
			}
		}
		if kind == frameHeaders {
			c.Received(frame(frameContinuation, flagEndHeaders, uint32(2*i+1), get...), 0)
		}
	}
	if c.Received(frame(frameHeaders, flagEnd, 7, get...), 0); c.MidFrame() || !slices.Equal(open(&c), []uint32{3, 7}) {
		t.Errorf("the frames were lost count of: %s", state(&c))
	}
}

// A frame of ours goes between two of the server's, after its first one, and
// not into a header block.
func TestAtBoundary(t *testing.T) {
	block := slices.Concat(frame(frameHeaders, 0, 1, status...), frame(frameContinuation, 0, 1), frame(frameContinuation, flagEndHeaders, 1))
	promise := slices.Concat(frame(framePushPromise, 0, 1, 0, 0, 0, 2), frame(frameContinuation, flagEndHeaders, 1, get...))
	for name, sent := range map[string][]byte{
		"SETTINGS":     frame(frameSettings, 0, 0, make([]byte, 12)...),
		"DATA":         frame(frameData, 0, 1, make([]byte, 300)...),
		"empty DATA":   frame(frameData, flagEndStream, 1),
		"CONTINUATION": block,
		"PUSH_PROMISE": promise,
	} {
		t.Run(name, func(t *testing.T) {
			var c Conn
			if c.AtBoundary() {
				t.Error("before the server has sent anything")
			}
			c.Sent(settings)
			for i := range sent {
				if c.AtBoundary() != (i == 0) {
					t.Fatalf("%v after %d of %d bytes", c.AtBoundary(), i, len(sent))
				}
				c.Sent(sent[i : i+1])
			}
			if !c.AtBoundary() {
				t.Error("not at the end")
			}
		})
	}
	var c Conn
	for i := range settings {
		if c.AtBoundary() {
			t.Errorf("%d bytes into the first frame", i)
		}
		c.Sent(settings[i : i+1])
	}
	if !c.AtBoundary() {
		t.Error("not after the first frame")
	}
}

func TestMidFrame(t *testing.T) {
	var c Conn
	sent := slices.Concat(settings, frame(frameHeaders, 0, 1, get...), frame(frameContinuation, flagEndHeaders, 1), frame(frameData, flagEndStream, 1, 1, 2, 3))
	between := []int{0, len(settings), len(sent) - 12, len(sent)}
	for i := range sent {
		if c.MidFrame() == slices.Contains(between, i) {
			t.Errorf("%v after %d bytes", c.MidFrame(), i)
		}
		c.Received(sent[i:i+1], 0)
	}
	if c.MidFrame() {
		t.Error("halfway at the end")
	}
}

// pong acknowledges the PING after a GOAWAY.
func pong(first []byte) []byte {
	ping := slices.Clone(first[len(first)-headSize-8:])
	ping[4] = flagAck
	return ping
}

func TestAckOfTheGoAwayPing(t *testing.T) {
	answer := pong(new(Conn).FirstGoAway())
	for split := range answer {
		var c Conn
		c.FirstGoAway()
		c.Received(answer[:split], 0)
		if c.Acked() {
			t.Fatalf("acked after %d bytes", split)
		}
		if c.Received(answer[split:], 0); !c.Acked() {
			t.Errorf("not acked, split at %d", split)
		}
	}
	other := slices.Clone(answer)
	other[len(other)-1]++
	asked := slices.Clone(answer)
	asked[4] = 0
	for name, ping := range map[string][]byte{
		"answer to another ping":        other,
		"the same, asked by the client": asked,
		"too short":                     frame(framePing, flagAck, 0, answer[headSize:headSize+7]...),
		"in a frame of another type":    frame(0xfa, flagAck, 0, answer[headSize:]...),
	} {
		var c Conn
		c.FirstGoAway()
		if c.Received(ping, 0); c.Acked() {
			t.Errorf("acked by a PING: %s", name)
		}
	}
}

func TestPathsOfStreams(t *testing.T) {
	padded := slices.Concat([]byte{4}, make([]byte, 5), get, make([]byte, 4))
	for _, test := range []struct {
		name  string
		steps []step
		want  string
		begun int
	}{
		{"a path", []step{client(frame(frameHeaders, flagEnd, 1, request("/a/B")...))}, `["1 /a/B"]`, 1},
		{"padding and priority", []step{client(frame(frameHeaders, flagEnd|flagPadded|flagPriority, 1, padded...))}, `["1 /"]`, 1},
		{"in pieces", []step{client(frame(frameHeaders, flagEndStream|flagPadded, 1, append([]byte{1}, append(slices.Clone(get[:2]), 0)...)...),
			frame(frameContinuation, flagEndHeaders, 1, get[2:]...))}, `["1 /"]`, 1},
		{"more padding than payload", []step{client(frame(frameHeaders, flagEnd|flagPadded, 1, 200, 1)), client(frame(frameHeaders, flagEnd, 3, get...))}, `["1" "3 /"]`, 2},
		{"no room for what is announced", []step{client(frame(frameHeaders, flagEnd|flagPadded|flagPriority, 1)), client(frame(frameHeaders, flagEnd, 3, get...))}, `["1" "3 /"]`, 2},
		{"a health watch", []step{client(frame(frameHeaders, flagEnd, 1, request("/grpc.health.v1.Health/Watch")...))}, `["1 /grpc.health.v1.Health/Watch watch"]`, 0},
		{"a health check", []step{client(frame(frameHeaders, flagEnd, 1, request("/grpc.health.v1.Health/Check")...))}, `["1 /grpc.health.v1.Health/Check"]`, 0},
		{"a probe of the kubelet", []step{client(frame(frameHeaders, flagEnd, 1, slices.Concat(get, []byte{0x0f, 58 - 15, 15}, []byte("kube-probe/1.34"))...))}, `["1 /"]`, 0},
		{"a block that is no HPACK", []step{client(frame(frameHeaders, flagEnd, 1, 0xff, 0xff)), client(frame(frameHeaders, flagEnd, 3, get...))}, `["1" "3"]`, 2},
		{"trailers ask for nothing", []step{client(frame(frameHeaders, flagEndHeaders, 1, get...), frame(frameHeaders, flagEnd, 1, request("/other")...))}, `["1 /"]`, 1},
		{"the table", []step{
			client(frame(frameHeaders, flagEnd, 1, append([]byte{0x44, 5}, "/a/BC"...)...)),
			client(frame(frameHeaders, flagEnd, 3, 0xbe)),
		}, `["1 /a/BC" "3 /a/BC"]`, 2},
		{"a larger table", []step{
			server(frame(frameSettings, 0, 0, 0, 5, 0, 0, 0x40, 0, 0, settingTable, 0, 1, 0, 0)),
			client(frame(frameHeaders, flagEnd, 1, slices.Concat([]byte{0x3f, 0xe1, 0xff, 0x03, 0x44, 5}, []byte("/a/BC"))...)),
		}, `["1 /a/BC"]`, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole, split Conn
			whole.ReadPaths()
			split.ReadPaths()
			begun, _ := whole.follow(test.steps...)
			if want := "open " + test.want + " "; begun != test.begun || state(&whole)[:len(want)] != want {
				t.Errorf("%d begun, %s, want %s", begun, state(&whole), want)
			}
			if begun, _ := split.followBytes(test.steps...); begun != test.begun || state(&split) != state(&whole) {
				t.Errorf("byte by byte: %d begun, %s", begun, state(&split))
			}
		})
	}
}

// A health watch lasts as long as its client wants: the connection is silent
// without it, and is not busy with it.
func TestWatchIsNoWork(t *testing.T) {
	var c Conn
	c.ReadPaths()
	c.follow(client(frame(frameHeaders, flagEnd, 1, request(healthService+"Watch")...)))
	if c.Busy() || c.Open() != 1 {
		t.Errorf("busy %v with a watch, %d open", c.Busy(), c.Open())
	}
	c.follow(client(frame(frameHeaders, flagEnd, 3, get...)))
	if !c.Busy() {
		t.Error("not busy with a request beside the watch")
	}
	if _, silent := c.follow(server(settings, frame(frameHeaders, flagEnd, 3, status...))); silent != 1 || c.Busy() {
		t.Errorf("%d times silent, busy %v, with the watch alone", silent, c.Busy())
	}
}

// A server that sends GOAWAY itself serves no stream beyond: those are not
// open, and no GOAWAY of ours takes it back (RFC 9113, section 6.8).
func TestGoAwayOfTheServer(t *testing.T) {
	begin := func(id uint32) step { return client(frame(frameHeaders, flagEnd, id, get...)) }
	for _, test := range []struct {
		name         string
		steps        []step
		open         []uint32
		silent       int
		first, final uint32
	}{
		{"none", []step{begin(1), begin(3)}, []uint32{1, 3}, 0, maxStream, 3},
		{"one that refuses what is open", []step{begin(1), begin(3), server(goAway(1))}, []uint32{1}, 0, 1, 1},
		{"one that refuses all", []step{begin(1), begin(3), server(goAway(0))}, nil, 1, 0, 0},
		{"what comes after it", []step{begin(1), server(goAway(1)), begin(3), begin(5)}, []uint32{1}, 0, 1, 1},
		{"grpc-go sends two", []step{begin(1), server(goAway(maxStream)), begin(3), server(goAway(3)), begin(5)}, []uint32{1, 3}, 0, 3, 3},
		{"it cannot be taken back", []step{begin(1), begin(3), server(goAway(1), goAway(7)), begin(5)}, []uint32{1}, 0, 1, 1},
		{"the reserved bit", []step{begin(1), begin(3), server(goAway(1<<31 | 1))}, []uint32{1}, 0, 1, 1},
		{"with words for people", []step{begin(1), begin(3), server(frame(frameGoAway, 0, 0, append([]byte{0, 0, 0, 1, 0, 0, 0, 0}, "because"...)...))}, []uint32{1}, 0, 1, 1},
		{"the client's limits nothing", []step{begin(1), begin(3), client(goAway(0)), begin(5)}, []uint32{1, 3, 5}, 0, maxStream, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole, split Conn
			_, silent := whole.follow(test.steps...)
			if open := open(&whole); !slices.Equal(open, test.open) || silent != test.silent {
				t.Errorf("open %v, %d times silent", open, silent)
			}
			if split.followBytes(test.steps...); state(&split) != state(&whole) {
				t.Errorf("byte by byte: %s", state(&split))
			}
			if got := slices.Concat(goAway(test.first), new(Conn).Ping()); !bytes.Equal(whole.FirstGoAway(), got) {
				t.Errorf("first GOAWAY % x, want % x", whole.FirstGoAway(), got)
			}
			if got := goAway(test.final); !bytes.Equal(whole.LastGoAway(), got) {
				t.Errorf("last GOAWAY % x, want % x", whole.LastGoAway(), got)
			}
		})
	}
}

// The client has confirmed all when it has answered a PING after the last
// answer.
func TestNeedsPing(t *testing.T) {
	begin := func(id uint32) step { return client(frame(frameHeaders, flagEnd, id, get...)) }
	end := func(id uint32) step { return server(frame(frameHeaders, flagEnd, id, status...)) }
	var c Conn
	check := func(when string, acked, unconfirmed bool) {
		t.Helper()
		if c.Acked() != acked || c.NeedsPing() != unconfirmed {
			t.Errorf("%s: acked %v, unconfirmed %v", when, c.Acked(), c.NeedsPing())
		}
	}
	c.follow(begin(1), end(1))
	check("nothing was asked", false, false)
	c.follow(begin(3))
	first := c.FirstGoAway()
	check("asked", false, false)
	c.follow(client(pong(first)))
	check("answered", true, false)
	c.follow(begin(5), end(3))
	check("one of two answers", false, false)
	c.follow(client(pong(first)))
	check("the first PING is answered again", false, false)
	c.follow(client(frame(frameRSTStream, 0, 5, 0, 0, 0, 8)))
	check("the client has given the other one up", false, true)
	second := c.Ping()
	check("asked once more", false, false)
	c.follow(client(pong(first)))
	check("another answer to the first", false, false)
	c.follow(client(pong(second)))
	check("the answer", true, false)
}

// A client's large header blocks take no memory once they have been read, and one
// that is very large takes none while it comes.
func TestLargeHeaderBlocksAreNotKept(t *testing.T) {
	field := func(size int) []byte { // of one octet as name, not indexed
		more := size - 127
		return slices.Concat([]byte{0, 1, 'a', 0x7f, byte(more)&0x7f | 0x80, byte(more>>7)&0x7f | 0x80, byte(more >> 14)}, make([]byte, size))
	}
	headers := func(stream uint32) []byte { return frame(frameHeaders, flagEndStream, stream, get...) }
	for name, test := range map[string]struct {
		continuations int // of 15 KiB each
		whole         bool
		want          string // the paths of the large one and of the next
		holds         int
	}{
		"small":              {0, true, `["1 /" "3 /"]`, keptBlock},
		"large":              {3, true, `["1 /" "3 /"]`, keptBlock},
		"large, coming":      {3, false, "[]", maxBlock},
		"very large":         {100, true, `["1" "3"]`, 0},
		"very large, coming": {100, false, "[]", 0},
	} {
		var c Conn
		c.ReadPaths()
		c.Received(headers(1), 0)
		for range test.continuations {
			c.Received(frame(frameContinuation, 0, 1, field(15<<10)...), 0)
		}
		if test.whole {
			c.Received(frame(frameContinuation, flagEndHeaders, 1), 0)
			c.Received(frame(frameHeaders, flagEnd, 3, get...), 0)
		}
		if got := state(&c); !strings.HasPrefix(got, "open "+test.want+" ") || cap(c.paths.block) > 5*test.holds/4 {
			t.Errorf("%s: %s, %d bytes are held, want %s and at most %d", name, got, cap(c.paths.block), test.want, test.holds)
		}
	}
}

// A client that has been asked to leave and goes on makes a PING follow each of its
// streams. The answer to each counts, however many there were.
func TestEveryPingIsConfirmed(t *testing.T) {
	var c Conn
	c.FirstGoAway()
	for n := range 70000 {
		ping := c.Ping()
		ping[4] |= flagAck
		if c.Received(ping, 0); !c.Acked() {
			t.Fatalf("the answer to PING %d does not count", n+2)
		}
	}
}

// The end of a stream looks at that stream alone, also beside 10,000 others. Each of the
// others gets the key of the one that ends, so a search through them would end one of them.
func TestStreamEndsWithoutLookingAtOthers(t *testing.T) {
	const streams = 10000
	for _, ends := range []int{0, streams / 2, streams - 1} {
		var c Conn
		for i := range streams {
			c.Received(frame(frameHeaders, flagEnd, uint32(2*i+1), get...), int64(i))
		}
		id := uint32(2*ends + 1)
		for i := range c.open.Entries {
			c.open.Entries[i].Key = id
		}
		c.Sent(frame(frameHeaders, flagEnd, id, get...))
		if open := c.Open(); open != streams-1 {
			t.Errorf("%d streams are open after one of %d has ended", open, streams)
		}
		for _, s := range c.Streams() {
			if s.Since == int64(ends) {
				t.Errorf("another stream was found in place of number %d", ends)
			}
		}
	}
}

// One stream beside so many that stay open, from its HEADERS to the end of its
// answer.
func BenchmarkStreamBesideMany(b *testing.B) {
	for _, n := range []uint32{1, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var c Conn
			for i := range n {
				c.Received(frame(frameHeaders, flagEnd, 2*i+1, get...), 0)
			}
			for id := 2*n + 1; b.Loop(); id += 2 {
				c.Received(frame(frameHeaders, flagEnd, id, get...), 0)
				c.Sent(frame(frameHeaders, flagEnd, id, get...))
			}
		})
	}
}
