package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// h2Frame is a frame as it is written (RFC 9113, section 4.1).
func h2Frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, flags), stream)
	return append(b, payload...)
}

// GOAWAY does not keep a connection from being read: a client may write
// all before it reads anything.
func TestGoAwayDoesNotKeepFromReading(t *testing.T) {
	c, client := pipe(t)
	h := newH2(&c.base, c)
	c.prefaceMatched = -1
	c.h2.Store(h)
	settings := h2Frame(0x4, 0, 0)
	go io.CopyN(io.Discard, client, int64(len(settings)))
	c.Write(settings)
	h.leave()
	h.leaving.Load().sampled.Store(true)
	wrote := make(chan error, 1)
	go func() {
		client.Write(h2Frame(0x1, 0x4, 1, []byte("\x83\x86\x84\x01\x04test")...)) // POST /
		_, err := client.Write(h2Frame(0x0, 0, 1, make([]byte, 100)...))
		wrote <- err
	}()
	go io.Copy(io.Discard, struct{ io.Reader }{c})
	select {
	case err := <-wrote:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("not read")
	}
}

// What is read ahead comes in its order, however it was sent and is asked for.
func TestReadAhead(t *testing.T) {
	c, client := socketPair(t)
	c.env.State.Current.Store(nil)
	c.env.State.Finishing.Store(false)
	c.prefaceMatched = -1
	c.h2.Store(newH2(&c.base, c).ofNetHTTP())
	random := rand.New(rand.NewPCG(1, 0))
	var sent, got []byte
	for i := range 2000 {
		payload := make([]byte, random.IntN(1+10<<random.IntN(9)))
		for i := range payload {
			payload[i] = byte(random.Uint32())
		}
		sent = append(sent, h2Frame(0x0, 0, uint32(i), payload...)...)
	}
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(4000))
			client.Write(rest[:n])
			rest = rest[n:]
		}
		client.Close()
	}()
	sizes := rand.New(rand.NewPCG(2, 0))
	for {
		b := make([]byte, 1+sizes.IntN(2<<sizes.IntN(12)))
		n, err := c.Read(b)
		got = append(got, b[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes read of %d, or others", len(got), len(sent))
	}
	if c.midRequest() {
		t.Error("the frames were not followed to their end")
	}
}

// pipe is a wrapped connection without any buffer, in the finishing phase.
func pipe(t *testing.T) (*Conn, net.Conn) {
	server, client := net.Pipe()
	e := testEnv(term.New("test", term.Clocks{}))
	c := newConn(server, e)
	e.Set.add(c)
	t.Cleanup(func() {
		client.Close()
		c.Close()
	})
	return c, client
}

// A handler that net/http starts when its connection has gone is either waited
// for, or not begun.
func TestHandlerThatBeginsWhenAllIsClosed(t *testing.T) {
	for _, late := range []bool{false, true} {
		c, _ := pipe(t)
		if !late {
			c.env.State.Current.Store(nil)
		}
		h := newH2(&c.base, c)
		c.prefaceMatched = -1
		c.h2.Store(h)
		c.Close()
		if n := len(setOf(c.env).List()); n > 0 {
			t.Fatalf("%d connections", n)
		}
		r, err := http.NewRequest("GET", "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if begun, noted := h.begin(r, false); begun == late || noted != begun {
			t.Errorf("late %v: begun %v, noted %v", late, begun, noted)
		} else if waited := len(setOf(c.env).List()); (waited == 1) != begun {
			t.Errorf("late %v: begun %v, and %d connections are waited for", late, begun, waited)
		}
		h.end(r)
		if n := len(setOf(c.env).List()); n > 0 {
			t.Errorf("late %v: %d connections when it has ended", late, n)
		}
	}
}
