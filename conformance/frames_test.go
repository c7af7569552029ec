package conformance

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	xhpack "golang.org/x/net/http2/hpack"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// FuzzFrames has golang.org/x/net's Framer write what both sides of a
// connection may send, in turns, and lets a wire.Conn follow it in pieces cut
// anywhere. It knows what a Framer reads back: which streams are open, for
// which paths, where a frame of another's may be put. What is put there the
// client's Framer reads as it was meant.
func FuzzFrames(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(noise(seed, 600))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		choices = choices[:min(len(choices), 1<<14)]
		chosen := script(choices)
		var both talk
		both.write(&chosen, len(choices)/4)
		m := newModel(t, &both)
		chosen = append(chosen, choices...) // for the cuts
		for _, turn := range both.turns {
			m.follow(turn, &chosen)
		}
		m.checkWhatTheClientReads()
	})
}

// A turn is how many bytes one side has written by then.
type turn struct {
	server bool
	to     int
}

// A talk is what both sides write.
type talk struct {
	client, server speaker
	turns          []turn
}

// A speaker is one side.
type speaker struct {
	bytes.Buffer
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *xhpack.Encoder
	streams uint32 // the last one that the client began
}

// write has them speak, until so many choices are left.
func (x *talk) write(chosen *script, left int) {
	for _, s := range []*speaker{&x.client, &x.server} {
		s.framer = http2.NewFramer(&s.Buffer, nil)
		s.encoder = xhpack.NewEncoder(&s.block)
	}
	for len(*chosen) > left {
		server := chosen.next()%2 == 0
		for range 1 + chosen.next()%4 {
			if server {
				x.server.answer(chosen, x.client.streams)
			} else {
				x.client.ask(chosen)
			}
		}
		to := x.client.Len()
		if server {
			to = x.server.Len()
		}
		x.turns = append(x.turns, turn{server, to})
	}
	x.turns = append(x.turns, turn{false, x.client.Len()}, turn{true, x.server.Len()})
}

// ask writes a frame of the client's.
func (s *speaker) ask(chosen *script) {
	if s.streams == 0 || chosen.next()%3 == 0 {
		s.streams += 1 + s.streams%2 + 2*uint32(chosen.next()%3)
		s.headers(chosen, s.streams, []xhpack.HeaderField{
			{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":path", Value: chosen.printable(":path")},
			{Name: "user-agent", Value: chosen.printable("user-agent")}, {Name: "x", Value: chosen.printable("x")},
		})
		return
	}
	id := s.some(chosen, s.streams)
	switch chosen.next() % 8 {
	case 0:
		s.headers(chosen, id, trailers)
	case 1:
		s.framer.WriteRSTStream(id, http2.ErrCodeCancel)
	case 2:
		s.framer.WritePing(chosen.next()%4 != 0, pingOf(chosen))
	case 3:
		s.framer.WritePriority(id, http2.PriorityParam{StreamDep: id + 1, Weight: chosen.next()})
	default:
		s.any(chosen, id)
	}
}

// answer writes a frame of the server's.
func (s *speaker) answer(chosen *script, streams uint32) {
	if s.Len() == 0 {
		s.framer.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 4096})
		return
	}
	id := s.some(chosen, streams)
	switch chosen.next() % 8 {
	case 0, 1:
		s.headers(chosen, id, []xhpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "x", Value: chosen.printable("x")}})
	case 2:
		s.headers(chosen, id, trailers)
	case 3:
		s.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream)
	case 4:
		if limit := []uint32{1<<31 - 1, id, id, 0}[chosen.next()%4]; chosen.next()%4 == 0 {
			s.framer.WriteGoAway(limit, http2.ErrCodeNo, chosen.bytes(int(chosen.next()%8)))
		}
	case 5:
		s.framer.WritePushPromise(http2.PushPromiseParam{StreamID: id, PromiseID: 2 + 2*uint32(chosen.next()), EndHeaders: true})
	default:
		s.any(chosen, id)
	}
}

var trailers = []xhpack.HeaderField{{Name: "grpc-status", Value: "0"}}

func (s *speaker) some(chosen *script, most uint32) uint32 {
	if most == 0 {
		return 1
	}
	return 1 + 2*(uint32(chosen.next())%((most+1)/2))
}

// any writes a frame that either side may write.
func (s *speaker) any(chosen *script, id uint32) {
	switch chosen.next() % 7 {
	case 0:
		s.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: uint32(chosen.next())})
	case 1:
		s.framer.WriteSettingsAck()
	case 2:
		s.framer.WriteWindowUpdate(id, 1+uint32(chosen.next()))
	case 3: // of an unknown type
		s.framer.WriteRawFrame(0xfa, http2.Flags(chosen.next()), id, chosen.bytes(int(chosen.next())))
	case 4:
		s.framer.WritePing(false, pingOf(chosen))
	default:
		data := bytes.Repeat([]byte{1}, []int{0, 1, 9, 200, 17000}[chosen.next()%5])
		s.framer.WriteDataPadded(id, chosen.next()%3 == 0, data, make([]byte, chosen.next()%4))
	}
}

// headers writes a header block, padded and in as many frames as may be.
func (s *speaker) headers(chosen *script, id uint32, fields []xhpack.HeaderField) {
	s.block.Reset()
	for _, field := range fields {
		s.encoder.WriteField(field)
	}
	block := slices.Clone(s.block.Bytes())
	first := len(block)
	if chosen.next()%3 == 0 {
		first = int(chosen.next()) % (len(block) + 1)
	}
	p := http2.HeadersFrameParam{StreamID: id, BlockFragment: block[:first], EndStream: chosen.next()%2 == 0, EndHeaders: first == len(block)}
	if chosen.next()%4 == 0 {
		p.PadLength = chosen.next()
	}
	if chosen.next()%4 == 0 {
		p.Priority = http2.PriorityParam{StreamDep: id + 2, Weight: 7}
	}
	s.framer.WriteHeaders(p)
	for block = block[first:]; !p.EndHeaders; {
		n := len(block)
		if len(*chosen) > 0 {
			n = min(n, int(chosen.next())) // also nothing
		}
		p.EndHeaders = n == len(block)
		s.framer.WriteContinuation(id, p.EndHeaders, block[:n])
		block = block[n:]
	}
}

// printable is a value that is valid in HTTP.
func (s *script) printable(name string) string {
	value := []byte(s.value(name))
	for i, b := range value {
		if b < ' ' || b > '~' {
			value[i] = ' ' + b%64
		}
	}
	return string(value)
}

// pingOf is the payload of one of our PINGs, or of another.
func pingOf(chosen *script) (data [8]byte) {
	copy(data[:], []string{"lameduck", "lameduck", "lameducl", "another1"}[chosen.next()%4])
	return data
}

// A read is a frame as a Framer reads it back, with the whole header block.
type read struct {
	http2.Frame
	text string // all of it
	end  int    // where it ends
}

// readBack reads all frames.
func readBack(t *testing.T, b []byte) (frames []read) {
	t.Helper()
	counted := &counter{Reader: bytes.NewReader(b)}
	framer := http2.NewFramer(io.Discard, counted)
	framer.SetMaxReadFrameSize(1<<24 - 1)
	framer.ReadMetaHeaders = xhpack.NewDecoder(4096, nil)
	for {
		f, err := framer.ReadFrame()
		if err == io.EOF {
			return frames
		}
		if err != nil {
			t.Fatalf("frame %d, which ends at %d of %d: %v", len(frames), counted.n, len(b), err)
		}
		text := fmt.Sprint(f)
		if data, ok := f.(*http2.DataFrame); ok {
			text = fmt.Sprintf("%v % x", f.Header(), data.Data())
		}
		frames = append(frames, read{f, text, counted.n})
	}
}

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// A model knows what a wire.Conn should.
type model struct {
	t    *testing.T
	conn wire.Conn
	*talk
	frames map[bool][]read // by whether they are the server's
	passed map[bool]int    // bytes of each side
	seen   map[bool]int    // frames that are whole
	client []byte          // what the client reads: the server's bytes, and ours between
	ours   []string        // the frames of ours, as text, and where

	open  map[uint32]string
	last  uint32
	limit uint32
	ping  [8]byte // the last one of ours
	pings int
	acked bool
	stale bool
}

func newModel(t *testing.T, both *talk) *model {
	m := &model{t: t, talk: both, passed: map[bool]int{}, seen: map[bool]int{}, open: map[uint32]string{}, limit: 1<<31 - 1}
	m.frames = map[bool][]read{false: readBack(t, both.client.Bytes()), true: readBack(t, both.server.Bytes())}
	m.conn.ReadPaths()
	return m
}

// follow passes a turn on, in pieces.
func (m *model) follow(x turn, chosen *script) {
	all := m.talk.client.Bytes()
	if x.server {
		all = m.talk.server.Bytes()
	}
	if keep := int(chosen.next() % 16); x.to-keep > m.passed[x.server] && x.to < len(all) {
		x.to -= keep // the rest comes when the other side has sent its part
	}
	for m.passed[x.server] < x.to {
		from := m.passed[x.server]
		to := min(x.to, from+1+int(chosen.next())%64*(1+int(chosen.next()%32)))
		m.pass(x.server, all[from:to])
		if m.check(); x.server && chosen.next()%8 == 0 {
			m.speak(chosen)
			m.check()
		}
	}
}

// pass passes a piece on.
func (m *model) pass(server bool, b []byte) {
	m.passed[server] += len(b)
	count, happened := 0, 0
	if server {
		m.client = append(m.client, b...)
		if m.conn.Sent(bytes.Clone(b)) {
			happened = 1
		}
	} else {
		happened = m.conn.Received(bytes.Clone(b), 0)
	}
	for _, f := range m.frames[server][m.seen[server]:] {
		if f.end > m.passed[server] {
			break
		}
		m.seen[server]++
		if server {
			count = max(count, m.sent(f.Frame))
		} else {
			count += m.received(f.Frame)
		}
	}
	if count != happened {
		m.t.Fatalf("by the server %v: %d, want %d", server, happened, count)
	}
}

// received is what a frame of the client's changes. It returns how many late
// arrivals that is.
func (m *model) received(f http2.Frame) int {
	id := f.Header().StreamID
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		if id <= m.last {
			return 0
		}
		if m.last = id; id > m.limit {
			return 0
		}
		path, probe := f.PseudoValue("path"), false
		for _, field := range f.RegularFields() {
			probe = probe || field.Name == "user-agent" && strings.HasPrefix(field.Value, "kube-probe/")
		}
		if m.open[id] = path; !probe && !strings.HasPrefix(path, "/grpc.health.v1.Health/") {
			return 1
		}
	case *http2.RSTStreamFrame:
		delete(m.open, id)
	case *http2.PingFrame:
		m.acked = m.acked || m.pings > 0 && f.IsAck() && f.Data == m.ping
	}
	return 0
}

// sent is what a frame of the server's changes. It returns 1 if that leaves
// nothing to do.
func (m *model) sent(f http2.Frame) int {
	busy := m.busy()
	id, ends := f.Header().StreamID, false
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		ends = f.StreamEnded()
	case *http2.DataFrame:
		ends = f.StreamEnded()
	case *http2.RSTStreamFrame:
		ends = true
	case *http2.GoAwayFrame:
		m.limit = min(m.limit, f.LastStreamID)
		maps.DeleteFunc(m.open, func(id uint32, _ string) bool { return id > m.limit })
	}
	if ends {
		m.stale = true
		_, was := m.open[id]
		delete(m.open, id)
		if was && !m.busy() { // also if it was a Watch, beside another
			return 1
		}
	}
	if busy && !m.busy() {
		return 1
	}
	return 0
}

func (m *model) busy() bool {
	for _, path := range m.open {
		if !watch(path) {
			return true
		}
	}
	return false
}

func watch(path string) bool { return path == "/grpc.health.v1.Health/Watch" }

// between reports whether all frames that have begun have ended.
func (m *model) between(server bool) bool {
	return m.passed[server] == 0 || slices.ContainsFunc(m.frames[server], func(f read) bool { return f.end == m.passed[server] })
}

// speak puts a frame of ours where one fits in.
func (m *model) speak(chosen *script) {
	if !m.conn.AtBoundary() {
		return
	}
	var word []byte
	switch chosen.next() % 3 {
	case 0:
		word = m.conn.FirstGoAway()
	case 1:
		word = m.conn.Ping()
	default:
		word = m.conn.LastGoAway()
	}
	for _, f := range readBack(m.t, word) {
		switch f := f.Frame.(type) {
		case *http2.PingFrame:
			m.ping, m.acked, m.stale = f.Data, false, false
			m.pings++
		case *http2.GoAwayFrame:
			if f.LastStreamID > m.limit {
				m.t.Fatalf("GOAWAY of %d after one of %d", f.LastStreamID, m.limit)
			}
		}
		m.ours = append(m.ours, f.text)
	}
	m.client = append(m.client, word...)
}

// check compares.
func (m *model) check() {
	m.t.Helper()
	open := map[uint32]string{}
	for _, s := range m.conn.Streams() {
		if open[s.ID] = s.Path; s.Watch != watch(s.Path) {
			m.t.Fatalf("stream %+v", s)
		}
	}
	if !maps.Equal(open, m.open) || m.conn.Open() != len(m.open) || m.conn.Last() != m.last || m.conn.Busy() != m.busy() {
		m.t.Fatalf("open %v, last %d, busy %v; want %v, %d, %v", open, m.conn.Last(), m.conn.Busy(), m.open, m.last, m.busy())
	}
	if fits := m.between(true) && m.passed[true] > 0; m.conn.AtBoundary() != fits || m.conn.MidFrame() == m.between(false) {
		m.t.Fatalf("fits in %v, halfway %v; want %v, %v", m.conn.AtBoundary(), m.conn.MidFrame(), fits, !m.between(false))
	}
	if acked := m.acked && !m.stale; m.conn.Acked() != acked || m.conn.NeedsPing() != (m.pings > 0 && m.stale && !m.busy()) {
		m.t.Fatalf("acked %v, unconfirmed %v; want %v", m.conn.Acked(), m.conn.NeedsPing(), acked)
	}
}

// checkWhatTheClientReads: the server's frames, all and in their order, and
// ours.
func (m *model) checkWhatTheClientReads() {
	m.t.Helper()
	var got, want []string
	for _, f := range readBack(m.t, m.client) {
		got = append(got, f.text)
	}
	for _, f := range m.frames[true] {
		want = append(want, f.text)
	}
	want = append(want, m.ours...)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Fatalf("the client reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
