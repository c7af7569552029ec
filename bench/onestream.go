package main

import (
	"bytes"
	"fmt"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A oneStream is the first request of an HTTP/2 connection, sent without a client's
// own bookkeeping.
type oneStream struct {
	fields [][2]string
	more   [][]byte // fields that are encoded, a CONTINUATION frame each
	body   []byte
}

func askHTTP2(c net.Conn) error {
	return oneStream{fields: [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "bench"}, {":path", "/"}}}.ask(c)
}

func rpcFields(path string) [][2]string {
	return [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "bench"}, {":path", path},
		{"content-type", "application/grpc"}, {"te", "trailers"}}
}

// askRPC makes a call with an empty message.
func askRPC(c net.Conn) error {
	return oneStream{fields: rpcFields(unaryMethod), body: make([]byte, 5)}.ask(c)
}

// askRPCAtLength makes a call with 15 MB of fields: grpc-go takes 16 MB.
func askRPCAtLength(c net.Conn) error {
	const size, fields = 15 << 10, 1000
	field := append([]byte{0x10, 1, 'a', 0x7f}, sevenBits(size-127)...) // never indexed, not in Huffman's code
	field = append(field, bytes.Repeat([]byte("b"), size)...)
	s := oneStream{fields: rpcFields(unaryMethod), body: make([]byte, 5)}
	for range fields {
		s.more = append(s.more, field)
	}
	return s.ask(c)
}

// sevenBits is what of an integer of HPACK follows its prefix (RFC 7541, section 5.1).
func sevenBits(n int) (b []byte) {
	for ; n >= 128; n >>= 7 {
		b = append(b, byte(n&127|128))
	}
	return append(b, byte(n))
}

// ask sends the request and returns when its stream has ended.
func (s oneStream) ask(c net.Conn) error {
	var out, fields bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&out, c)
	framer.WriteSettings()
	encoder := hpack.NewEncoder(&fields)
	for _, f := range s.fields {
		encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields.Bytes(), EndStream: s.body == nil, EndHeaders: s.more == nil})
	for i, field := range s.more {
		framer.WriteContinuation(1, i == len(s.more)-1, field)
	}
	if s.body != nil {
		framer.WriteData(1, true, s.body)
	}
	if _, err := c.Write(out.Bytes()); err != nil {
		return err
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return err
		}
		switch f := frame.(type) {
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return fmt.Errorf("the server sent %v", frame.Header())
		case *http2.SettingsFrame:
			if !f.IsAck() {
				out.Reset()
				framer.WriteSettingsAck()
				if _, err := c.Write(out.Bytes()); err != nil {
					return err
				}
			}
		}
		if h := frame.Header(); h.StreamID == 1 && h.Flags.Has(http2.FlagDataEndStream) {
			return nil
		}
	}
}
