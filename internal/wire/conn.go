// Package wire follows an HTTP/2 connection from outside, by the bytes that
// pass in both directions: which streams are open, and where a frame of ours
// fits in. It reads and writes nothing itself (RFC 9113).
//
// A stream is open from the HEADERS frame with which the client began it until
// the last byte of its answer has been sent, or one side reset it. Neither
// net/http nor grpc-go show that from outside as exactly: they call a
// connection idle before they have flushed.
package wire

import (
	"encoding/binary"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/internal/hpack"
)

// Preface is what a client's side of a connection begins with.
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// A Stream is one that is open.
type Stream struct {
	ID    uint32
	Path  string // "" if paths are not read
	Watch bool   // a gRPC health watch, which never ends by itself
	Since int64  // as Received was given it
}

// A Conn is the state of one connection. Received is called by one goroutine
// at a time, Sent too; the rest by any.
type Conn struct {
	in, out frames
	ending  uint32  // the stream that ends with the header block being sent
	goAway  [4]byte // the last stream of the one being sent
	ping    [8]byte // the payload of the one being received
	paths   *paths  // nil if they are not read

	mu      sync.Mutex
	open    List[uint32, stream] // by ID
	last    uint32
	limit   uint32 // the server serves no stream beyond this one,
	pings   uint32 // of ours that were sent
	refuses bool   // the server has sent GOAWAY itself
	acked   bool   // the last of our PINGs was answered
	stale   bool   // and a stream has ended since
	began   bool   // the server has sent a frame; of the caller of Sent
}

// A stream is what is kept of a Stream: an idle connection has the memory of one.
type stream struct {
	since int64
	call  *call // nil if paths are not read
}

type call struct {
	path  string
	watch bool
}

func (s stream) watch() bool { return s.call != nil && s.call.watch }

// paths is what a Conn that reads paths has besides.
type paths struct {
	heads
	watches       atomic.Int32 // of those that are open
	watchMessages atomic.Int64
	watchAwaited  atomic.Int64 // how many must be sent before WatchersNotified
}

// ReadPaths makes Received read the path of each stream. It must come before
// the first byte.
func (c *Conn) ReadPaths() { c.paths = new(paths) }

// Received follows bytes from the client, after the preface. Streams that they
// begin are noted as begun at since. It returns how many those are, without
// probes where paths are read.
func (c *Conn) Received(b []byte, since int64) (begun int) {
	for len(b) > 0 {
		payload, rest, end := c.in.take(b)
		b = rest
		if len(payload) > 0 {
			c.receivedPayload(payload)
		}
		if end && c.receivedFrame(since) {
			begun++
		}
	}
	return begun
}

func (c *Conn) receivedPayload(b []byte) {
	switch c.in.kind() {
	case framePing:
		c.in.copy(c.ping[:], b)
	case frameHeaders, frameContinuation:
		if c.paths != nil {
			c.paths.add(b)
		}
	}
}

// receivedFrame is called at the end of each frame.
func (c *Conn) receivedFrame(since int64) (begun bool) {
	switch c.in.kind() {
	case frameHeaders, frameContinuation:
		var h hpack.Head
		if c.paths != nil {
			h = c.paths.end(&c.in)
		}
		if !c.in.inBlock {
			return c.begin(c.in.stream(), h, since)
		}
	case frameRSTStream:
		c.close(c.in.stream(), false)
	case framePing:
		if c.in.has(flagAck) && c.in.length() == len(c.ping) {
			c.ack(c.ping)
		}
	}
	return false
}

func (c *Conn) ack(ping [8]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pings > 0 && ping == pingData(c.pings) {
		c.acked = true
	}
}

// begin notes a stream. A header block on one that began before is trailers.
func (c *Conn) begin(id uint32, h hpack.Head, since int64) (counts bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id <= c.last || id%2 == 0 {
		return false
	}
	c.last = id
	if c.refuses && id > c.limit {
		return false
	}
	s := stream{since: since}
	if c.paths != nil {
		s.call = &call{h.Path, h.Path == healthService+"Watch"}
	}
	if s.watch() {
		c.paths.watches.Add(1)
	}
	c.open.Add(id, s)
	return !h.Probe && !strings.HasPrefix(h.Path, healthService)
}

const healthService = "/grpc.health.v1.Health/"

// countWatchMessage counts what is sent on a Watch.
func (c *Conn) countWatchMessage() {
	id := c.out.stream()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.open.Find(id); c.out.kind() == frameData && s != nil && s.watch() {
		c.paths.watchMessages.Add(1)
	}
}

// watches is how many health Watches are open.
func (c *Conn) watches() int {
	if c.paths == nil {
		return 0
	}
	return int(c.paths.watches.Load())
}

// WatchMessages is how many messages were sent on health Watches.
func (c *Conn) WatchMessages() int64 {
	if c.paths == nil {
		return 0
	}
	return c.paths.watchMessages.Load()
}

// AwaitWatchMessage makes WatchersNotified wait for one more message.
func (c *Conn) AwaitWatchMessage() {
	if c.paths != nil {
		c.paths.watchAwaited.Store(c.WatchMessages() + 1)
	}
}

// WatchersNotified reports whether no message is awaited on a health Watch that is open.
func (c *Conn) WatchersNotified() bool {
	return c.paths == nil || c.Open() == 0 || c.WatchMessages() >= c.paths.watchAwaited.Load()
}

// close notes the end of a stream, and returns whether it was the last one.
func (c *Conn) close(id uint32, sent bool) (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stale = c.stale || sent
	s := c.open.Find(id)
	if s == nil {
		return false
	}
	if s.watch() {
		c.paths.watches.Add(-1)
	}
	c.open.Remove(id)
	return !c.busy()
}

// refuse notes that the server has sent GOAWAY itself, and returns whether no
// stream is left that it serves.
func (c *Conn) refuse(beyond uint32) (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.refuses || beyond < c.limit {
		c.refuses, c.limit = true, beyond
	}
	busy := c.busy()
	c.open.RemoveFunc(func(id uint32, s stream) bool {
		refused := id > c.limit
		if refused && s.watch() {
			c.paths.watches.Add(-1)
		}
		return refused
	})
	return busy && !c.busy()
}

// busy reports whether a stream is open that must end before the connection may.
// The caller holds mu.
func (c *Conn) busy() bool { return len(c.open.Entries) > c.watches() }

// Sent follows bytes to the client, those of FirstGoAway and LastGoAway not included. It returns
// whether they end the last stream that was open.
func (c *Conn) Sent(b []byte) (silent bool) {
	for len(b) > 0 {
		payload, rest, end := c.out.take(b)
		b = rest
		if len(payload) > 0 {
			c.sentPayload(payload)
		}
		if end && c.sentFrame() {
			silent = true
		}
	}
	return silent
}

func (c *Conn) sentPayload(b []byte) {
	switch c.out.kind() {
	case frameSettings:
		if c.paths != nil {
			c.paths.settings(b)
		}
	case frameGoAway:
		c.out.copy(c.goAway[:], b)
	}
}

// sentFrame is called at the end of each frame.
func (c *Conn) sentFrame() (silent bool) {
	c.began = true
	switch c.out.kind() {
	case frameData, frameHeaders:
		if c.watches() > 0 {
			c.countWatchMessage()
		}
		if c.out.has(flagEndStream) {
			c.ending = c.out.stream()
		}
	case frameRSTStream:
		return c.close(c.out.stream(), true)
	case frameGoAway:
		return c.refuse(binary.BigEndian.Uint32(c.goAway[:]) & maxStream)
	}
	if c.ending != 0 && !c.out.inBlock {
		silent = c.close(c.ending, true)
		c.ending = 0
	}
	return silent
}

// AtBoundary reports whether a frame of ours may be sent now: between two frames,
// and not before the server's first one, which must be SETTINGS. The caller
// is the one that calls Sent.
func (c *Conn) AtBoundary() bool { return c.began && c.out.between() }

// MidFrame reports whether a part of a frame or of a header block has come.
// The caller is the one that calls Received.
func (c *Conn) MidFrame() bool { return !c.in.between() }

// MidHeaders reports whether a part of what may begin a stream has come. The
// caller is the one that calls Received.
func (c *Conn) MidHeaders() bool { return c.in.beginning() }

// Busy reports whether a stream is open that will end.
func (c *Conn) Busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy()
}

// Open is the number of streams that are open.
func (c *Conn) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open.Entries)
}

// Working is the number of those that will end: all but health Watches.
func (c *Conn) Working() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open.Entries) - c.watches()
}

// Streams returns those that are open.
func (c *Conn) Streams() []Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Stream, 0, len(c.open.Entries))
	for _, e := range c.open.Entries {
		s := Stream{ID: e.Key, Since: e.Value.since}
		if call := e.Value.call; call != nil {
			s.Path, s.Watch = call.path, call.watch
		}
		all = append(all, s)
	}
	return all
}

// Last is the id of the last stream that the client began.
func (c *Conn) Last() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Acked reports whether the client has answered the last PING, and no stream
// has ended since: it knows that it should leave, it has read all that it was
// sent, and all that it sent before has been received.
func (c *Conn) Acked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acked && !c.stale
}

// NeedsPing reports whether the client was asked, and something has ended
// since, and nothing is open: it is time for another Ping.
func (c *Conn) NeedsPing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pings > 0 && c.stale && !c.busy()
}
