package engine

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestReadNow: the portable peeker of a connection sees what the direct one
// sees: nothing, what was sent, the end.
func TestReadNow(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) *Conn{
		"socket":   NewConn,
		"deadline": func(nc net.Conn) *Conn { return &Conn{nc, deadlinePeeker{nc}, nc} },
	} {
		t.Run(name, func(t *testing.T) {
			client, server := pair(t)
			c := wrap(client)
			if n, err := c.ReadNow(buf()); n != 0 || err != ErrNothing {
				t.Errorf("an idle connection has %d bytes, %v", n, err)
			}
			if _, err := io.WriteString(server, "x"); err != nil {
				t.Fatal(err)
			}
			if n, err := readSoon(t, c); n != 1 || err != nil {
				t.Errorf("%d bytes, %v; want the one that was sent", n, err)
			}
			_ = server.Close()
			if n, err := readSoon(t, c); n != 0 || err != io.EOF {
				t.Errorf("%d bytes, %v; want the end", n, err)
			}
		})
	}
}

func buf() []byte { return make([]byte, 16) }

// readSoon is ReadNow as soon as there is something to read.
func readSoon(t *testing.T, c *Conn) (int, error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		n, err := c.ReadNow(buf())
		if err != ErrNothing {
			return n, err
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was received within 30 s")
		}
	}
}

// pair is a connection, both sides of it.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return client, server
}
