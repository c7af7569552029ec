// Package wire follows an HTTP/2 connection from outside, by the bytes that
// pass in both directions: which streams are open, and where a frame of ours
// fits in. It reads and writes nothing itself (RFC 9113).
//
// A stream is open from the HEADERS frame with which the client begins it until the last
// byte of its answer has been sent, or one side has reset it. net/http and grpc-go do not
// show that as exactly: they report a connection as idle before they have flushed it.
package wire

import (
	"encoding/binary"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/internal/hpack"
)

// Preface is the first bytes that a client sends (RFC 9113, section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// A Stream is an open stream.
type Stream struct {
	ID    uint32
	Path  string // "" if paths are not read
	Watch bool   // it is a gRPC health Watch, which does not end by itself
	Since int64  // what Received was given
}

// A Conn is the state of one connection. Received is called by one goroutine at a time,
// and so is Sent; the other methods may be called by any.
type Conn struct {
	in, out frames
	ending  uint32  // the stream that ends with the header block being sent; 0: none
	goAway  [4]byte // the last stream id of the GOAWAY that the server is sending
	ping    [8]byte // the payload of the PING that is being received
	paths   *paths  // nil if paths are not read

	mu      sync.Mutex
	open    List[uint32, stream] // by ID
	last    uint32               // the last stream that the client has begun
	limit   uint32               // if refuses: the server serves no stream after this one
	pings   uint32               // how many PINGs of ours were returned by Ping
	refuses bool                 // the server has sent GOAWAY itself
	acked   bool                 // the last of our PINGs was answered
	stale   bool                 // a stream has ended since that PING
	began   bool                 // the server has sent a frame; of the caller of Sent
}

// A stream is what a Conn keeps of an open stream. It is small: an idle connection keeps
// the memory of one.
type stream struct {
	since int64
	call  *call // nil if paths are not read
}

type call struct {
	path  string
	watch bool
}

func (s stream) watch() bool { return s.call != nil && s.call.watch }

// paths is what a Conn needs besides if it reads paths.
type paths struct {
	heads
	watches       atomic.Int32 // health Watches that are open
	watchMessages atomic.Int64 // messages that were sent on Watches
	watchAwaited  atomic.Int64 // how many must have been sent for WatchersNotified to be true
}

// ReadPaths makes Received read the path of each stream. It must be called before
// the first byte comes.
func (c *Conn) ReadPaths() { c.paths = new(paths) }

// Received follows bytes from the client, after the preface. It notes since as the
// beginning of the streams that they begin, and returns how many those are, without
// probes if paths are read.
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

// begin notes a stream that begins with header block h. It returns whether it counts: a
// probe does not, nor does a header block of a stream that began before, which is its
// trailers.
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

// countWatchMessage counts the frame that was sent, if it is a message on a Watch.
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

// WatchersNotified reports whether the message of AwaitWatchMessage has been sent, or no
// Watch is open.
func (c *Conn) WatchersNotified() bool {
	return c.paths == nil || c.Open() == 0 || c.WatchMessages() >= c.paths.watchAwaited.Load()
}

// close notes the end of a stream: sent, if the server has ended it. It returns whether
// no stream is left that must end before the connection may.
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

// refuse notes that the server has sent GOAWAY itself, which refuses the streams beyond
// one: those are not open any more. It returns whether there was a stream that must end
// before the connection may, and none is left.
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

// busy reports whether a stream is open that must end before the connection may: all
// but health Watches. The caller holds mu.
func (c *Conn) busy() bool { return len(c.open.Entries) > c.watches() }

// Sent follows the bytes that the server sends, without those of FirstGoAway, LastGoAway
// and Ping. It returns whether they end the last stream that was open, but for health
// Watches.
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

// AtBoundary reports whether a frame of ours may be sent now: between two frames, and
// not before the server's first one, which must be SETTINGS. Only the caller of Sent
// may call it.
func (c *Conn) AtBoundary() bool { return c.began && c.out.between() }

// MidFrame reports whether a part of a frame or of a header block has come. Only the
// caller of Received may call it.
func (c *Conn) MidFrame() bool { return !c.in.between() }

// MidHeaders reports whether a part of a header block has come, or of a frame that may
// have one: it may begin a stream. Only the caller of Received may call it.
func (c *Conn) MidHeaders() bool { return c.in.beginning() }

// Busy reports whether a stream is open that must end before the connection may: all
// but health Watches.
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

// Working is the number of open streams that are not health Watches.
func (c *Conn) Working() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open.Entries) - c.watches()
}

// Streams returns the streams that are open.
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

// Last is the id of the last stream that the client has begun.
func (c *Conn) Last() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Acked reports whether the client has answered the last PING, and no stream has ended
// since that PING was sent. Then the client has read GOAWAY and all answers, and all that
// it had sent before it read GOAWAY has been received.
func (c *Conn) Acked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acked && !c.stale
}

// NeedsPing reports whether it is time for another Ping: the client was asked to leave,
// streams have ended since the last Ping, and none is open.
func (c *Conn) NeedsPing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pings > 0 && c.stale && !c.busy()
}
