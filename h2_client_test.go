package lameduck

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// Frame types, flags and settings (RFC 9113, sections 6 and 6.5.2).
const (
	typeData         = 0x0
	typeHeaders      = 0x1
	typeRSTStream    = 0x3
	typeSettings     = 0x4
	typePing         = 0x6
	typeGoAway       = 0x7
	typeWindowUpdate = 0x8
	typeContinuation = 0x9

	endStream  = 0x1
	ack        = 0x1
	endHeaders = 0x4

	initialWindowSize = 0x4
)

// A frame is one that a client has read.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
	at          time.Time
}

func (f frame) String() string {
	return fmt.Sprintf("type %d flags %#x stream %d, %d bytes", f.kind, f.flags, f.stream, len(f.payload))
}

// number is the one that the payload begins with: of GOAWAY the last stream,
// of RST_STREAM the code.
func (f frame) number() uint32 { return binary.BigEndian.Uint32(f.payload) }

// rawFrame is a frame as it is written.
func rawFrame(kind, flags byte, stream uint32, payload ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, flags), stream)
	return append(b, payload...)
}

func rawSettings(pairs ...uint32) []byte {
	var payload []byte
	for i := 0; i < len(pairs); i += 2 {
		payload = binary.BigEndian.AppendUint16(payload, uint16(pairs[i]))
		payload = binary.BigEndian.AppendUint32(payload, pairs[i+1])
	}
	return rawFrame(typeSettings, 0, 0, payload...)
}

func rawWindow(stream, more uint32) []byte {
	return rawFrame(typeWindowUpdate, 0, stream, binary.BigEndian.AppendUint32(nil, more)...)
}

// rawRequest is a header block without Huffman code and dynamic table.
func rawRequest(method, path string) []byte {
	methods := map[string]byte{"GET": 0x82, "POST": 0x83}
	b := []byte{methods[method], 0x86, 0x04, byte(len(path))}
	return append(append(b, path...), "\x01\x04test"...)
}

// An h2Client is a client that writes its frames by hand. What the server
// sends it collects; it answers SETTINGS and PING unless it is set otherwise.
type h2Client struct {
	net.Conn
	t       *testing.T
	writing chan struct{} // a mutex on which a bubble may wait
	deaf    func(frame) bool

	mu      sync.Mutex
	frames  []frame
	end     error // why no more frames come
	ended   chan struct{}
	endedAt time.Time
	last    uint32 // stream that was begun
	partial []byte // that of a frame the server has not finished
}

// allWindows is what a client begins with that wants all at once.
var allWindows = slices.Concat(rawSettings(initialWindowSize, 1<<31-1), rawWindow(0, 1<<31-1-65535))

func newH2Client(t *testing.T, nc net.Conn) *h2Client {
	return &h2Client{Conn: nc, t: t, writing: make(chan struct{}, 1), ended: make(chan struct{})}
}

// speakHTTP2 begins a connection, and reads it.
func speakHTTP2(t *testing.T, nc net.Conn) *h2Client {
	c := newH2Client(t, nc)
	c.speak(allWindows)
	return c
}

// speak sends the preface and settings, and reads the connection from then on.
func (c *h2Client) speak(settings []byte) {
	c.first(func() error {
		_, err := c.Write(slices.Concat([]byte(wire.Preface), settings))
		return err
	})
}

// first reads the connection, but what it answers follows what send sends: a server that
// has sent its settings before it reads takes the answer to them for the preface.
func (c *h2Client) first(send func() error) error {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	go c.read()
	return send()
}

// send writes frames in one piece.
func (c *h2Client) send(frames ...[]byte) error {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	_, err := c.Write(slices.Concat(frames...))
	return err
}

// begin begins a stream, which ends with its headers, and returns its id.
func (c *h2Client) begin(path string) uint32 { return c.open("GET", path, endStream) }

func (c *h2Client) open(method, path string, flags byte) uint32 {
	c.mu.Lock()
	if c.last == 0 {
		c.last = 1
	} else {
		c.last += 2
	}
	id := c.last
	c.mu.Unlock()
	c.send(rawFrame(typeHeaders, flags|endHeaders, id, rawRequest(method, path)...))
	return id
}

// read collects what the server sends.
func (c *h2Client) read() {
	defer close(c.ended)
	for {
		f, err := c.next()
		c.mu.Lock()
		if err != nil {
			c.end, c.endedAt = err, time.Now()
			c.mu.Unlock()
			return
		}
		c.frames = append(c.frames, f)
		c.mu.Unlock()
		if c.deaf != nil && c.deaf(f) {
			continue
		}
		switch {
		case f.kind == typeSettings && f.flags&ack == 0:
			c.send(rawFrame(typeSettings, ack, 0))
		case f.kind == typePing && f.flags&ack == 0:
			c.send(rawFrame(typePing, ack, 0, f.payload...))
		}
	}
}

// next reads one frame.
func (c *h2Client) next() (f frame, err error) {
	var head [9]byte
	n, err := io.ReadFull(c, head[:])
	if err != nil {
		c.partial = head[:n]
		return f, err
	}
	size := binary.BigEndian.Uint32(head[:]) >> 8
	f = frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:]), payload: make([]byte, size)}
	if n, err := io.ReadFull(c, f.payload); err != nil {
		c.partial = append(head[:], f.payload[:n]...)
		return f, io.ErrUnexpectedEOF
	}
	f.at = time.Now()
	return f, nil
}

// seen returns the frames that came so far, of one type.
func (c *h2Client) seen(kind byte) (found []frame) {
	for _, f := range c.all() {
		if f.kind == kind {
			found = append(found, f)
		}
	}
	return found
}

func (c *h2Client) all() []frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.frames)
}

// body is what has come of the answer to a stream, and whether that is all.
func (c *h2Client) body(stream uint32) (body []byte, whole bool) {
	for _, f := range c.all() {
		if f.stream != stream {
			continue
		}
		if f.kind == typeData {
			body = append(body, f.payload...)
		}
		if (f.kind == typeData || f.kind == typeHeaders) && f.flags&endStream != 0 {
			whole = true
		}
	}
	return body, whole
}

func (c *h2Client) answered(stream uint32) bool {
	_, whole := c.body(stream)
	return whole
}

// over reports whether the server has closed the connection, and when.
func (c *h2Client) over() (bool, time.Time) {
	select {
	case <-c.ended:
		return true, c.endedAt
	default:
		return false, time.Time{}
	}
}

// goAways returns the GOAWAY frames in their order, and fails the test unless
// they are as they should be: NO_ERROR, at most two, the first of two or the
// only one before the end without a limit and with a PING behind it.
func (c *h2Client) goAways() []frame {
	c.t.Helper()
	all := c.all()
	var found []frame
	for i, f := range all {
		if f.kind != typeGoAway {
			continue
		}
		found = append(found, f)
		if len(f.payload) != 8 || f.stream != 0 || binary.BigEndian.Uint32(f.payload[4:]) != 0 {
			c.t.Errorf("GOAWAY %v % x", f, f.payload)
		}
		if f.number() == noLimit && (i+1 == len(all) || all[i+1].kind != typePing || all[i+1].flags&ack != 0) {
			c.t.Errorf("no PING behind GOAWAY, frame %d of %d: %v", i, len(all), all)
		}
	}
	if len(found) > 2 || len(found) == 2 && (found[0].number() != noLimit || found[1].number() == noLimit) {
		c.t.Errorf("GOAWAYs %v", found)
	}
	return found
}

// noLimit is the last stream of a GOAWAY that refuses none.
const noLimit = 1<<31 - 1
