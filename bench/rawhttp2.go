package main

import (
	"bytes"
	"fmt"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A rawHTTP2 has some requests under way on one HTTP/2 connection. It looks
// at frame headers only, and at the first byte of the answer's fields.
type rawHTTP2 struct {
	net.Conn
	framer *http2.Framer
	out    bytes.Buffer // what framer wrote
	fields []byte       // of a request
	next   uint32       // stream
	owed   uint32       // of the connection's window, to the server
}

// rawStreams is how many requests a rawHTTP2 has under way at once.
const rawStreams = 8

func rawHTTP2On(conn net.Conn, scheme string) (*rawHTTP2, error) {
	conn.SetDeadline(time.Now().Add(rawTimeout))
	c := &rawHTTP2{Conn: conn, next: 1}
	c.framer = http2.NewFramer(&c.out, conn)
	c.framer.SetReuseFrames()
	var fields bytes.Buffer
	encoder := hpack.NewEncoder(&fields)
	encoder.SetMaxDynamicTableSize(0) // so that one encoding fits every request
	for _, f := range []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: scheme},
		{Name: ":authority", Value: "bench"}, {Name: ":path", Value: "/"}} {
		if err := encoder.WriteField(f); err != nil {
			return nil, err
		}
	}
	c.fields = fields.Bytes()
	c.out.WriteString(http2.ClientPreface)
	if err := c.framer.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0}); err != nil {
		return nil, err
	}
	return c, c.flush()
}

func (c *rawHTTP2) flush() error {
	_, err := c.Write(c.out.Bytes())
	c.out.Reset()
	return err
}

func (c *rawHTTP2) send() error {
	for range rawStreams {
		err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: c.next, BlockFragment: c.fields, EndStream: true, EndHeaders: true})
		if err != nil {
			return err
		}
		c.next += 2
	}
	if c.owed > 1<<14 {
		if err := c.framer.WriteWindowUpdate(0, c.owed); err != nil {
			return err
		}
		c.owed = 0
	}
	return c.flush()
}

func (c *rawHTTP2) receive() (n int, err error) {
	for n < rawStreams {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return n, err
		}
		if err := c.handle(frame); err != nil {
			return n, err
		}
		if frame.Header().StreamID > 0 && frame.Header().Flags.Has(http2.FlagDataEndStream) {
			n++
		}
	}
	return n, nil
}

func (c *rawHTTP2) handle(frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return c.framer.WriteSettingsAck() // goes out with the next request
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			return c.framer.WritePing(true, f.Data)
		}
	case *http2.DataFrame:
		c.owed += f.Length
	case *http2.HeadersFrame:
		// ":status: 200" is entry 8 of the static table.
		if block := f.HeaderBlockFragment(); len(block) == 0 || block[0] != 0x80|8 && block[0] != 0x20 {
			return fmt.Errorf("the answer's fields begin with %x", block[:min(len(block), 4)])
		}
	case *http2.RSTStreamFrame, *http2.GoAwayFrame:
		return fmt.Errorf("the server sent %v", frame.Header())
	}
	return nil
}
