package link

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// A mask encrypts by one bit, and has a last record that is one byte.
type mask struct {
	net.Conn
	closed atomic.Bool
}

func masked(b []byte) []byte {
	with := make([]byte, len(b))
	for i := range b {
		with[i] = b[i] ^ 0x80
	}
	return with
}

func (m *mask) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	copy(b, masked(b[:n]))
	return n, err
}

func (m *mask) Write(b []byte) (int, error) { return m.Conn.Write(masked(b)) }

func (m *mask) Close() error {
	if m.closed.Swap(true) {
		return net.ErrClosed // as tls.Conn does
	}
	m.Conn.Write([]byte("."))
	return m.Conn.Close()
}

// maskHandshake is over when the client has sent one byte.
func maskHandshake(below net.Conn) (net.Conn, error) {
	if _, err := below.Read(make([]byte, 1)); err != nil {
		below.Close()
		return nil, err
	}
	return &mask{Conn: below}, nil
}

// securePair is a connection with a mask, and its client.
func securePair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	c, client := socketPair(t)
	c.BeginGRPC()
	io.WriteString(client, "x")
	if got, err := c.Secure(maskHandshake); err != nil || got != net.Conn(c) {
		t.Fatalf("Secure: %v, %v", got, err)
	}
	return c, client
}

// The frames are followed, and written, above the encryption.
func TestFramesAboveALayer(t *testing.T) {
	c, client := securePair(t)
	client.Write(masked([]byte(wire.Preface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x04\x01\x05\x00\x00\x00\x01\x04\x02/a")))
	for b := make([]byte, 20); c.h2.Load().wire.Last() == 0; {
		if _, err := c.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if streams := c.h2.Load().wire.Streams(); len(streams) != 1 || streams[0].Path != "/a" {
		t.Errorf("streams %v, want one of /a", streams)
	}
	c.Write([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00")) // SETTINGS, after which a GOAWAY has room
	c.h2.Load().sendGoAway()
	b := make([]byte, 9+17)
	io.ReadFull(client, b)
	if b = masked(b); b[9+3] != 7 {
		t.Errorf("%q was sent, want a GOAWAY after SETTINGS", b)
	}
}

// Close is that of the layer first, which has a last record, and then of the socket.
func TestCloseOfALayer(t *testing.T) {
	c, client := securePair(t)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(client); string(b) != "." || err != nil {
		t.Errorf("the client read %q, %v, want the last record and a FIN", b, err)
	}
	if n := len(setOf(c.env).List()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A server may close what it was given for the handshake, or what that has made.
func TestProgramClosesALayer(t *testing.T) {
	for _, name := range []string{"below", "above"} {
		t.Run(name, func(t *testing.T) {
			c, client := socketPair(t)
			c.BeginGRPC()
			io.WriteString(client, "x")
			var below, above net.Conn
			_, err := c.Secure(func(conn net.Conn) (_ net.Conn, err error) {
				below = conn
				above, err = maskHandshake(conn)
				return above, err
			})
			if err != nil {
				t.Fatal(err)
			}
			if name == "below" {
				below.Close()
			} else {
				above.Close()
			}
			if _, err := io.ReadAll(client); err != nil {
				t.Errorf("the client read %v, want a FIN", err)
			}
			if n := len(setOf(c.env).List()); n != 0 {
				t.Errorf("%d connections are left", n)
			}
		})
	}
}

// A connection that is interrupted in the moment in which its client begins the handshake
// is not closed.
func TestInterruptBeforeAHandshake(t *testing.T) {
	c, client := socketPair(t)
	c.BeginGRPC()
	c.interruptRead()
	io.WriteString(client, "x")
	if _, err := c.Secure(maskHandshake); err != nil {
		t.Fatal(err)
	}
	client.Write(masked([]byte("P")))
	if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

// The final poll finds what has come through the layer.
func TestInterruptOfALayer(t *testing.T) {
	c, client := securePair(t)
	c.interruptRead()
	client.Write(masked([]byte("P")))
	if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

// An interrupt that comes after the first bytes of a handshake does not end it.
func TestInterruptInAHandshake(t *testing.T) {
	c, client := socketPair(t)
	c.BeginGRPC()
	c.interruptRead()
	c.handshakeBegan() // its reader has read the first bytes
	io.WriteString(client, "x")
	if n, err := c.Conn.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

// A connection whose client is silent, and one that has shaken hands and has no
// stream, are closed when they are interrupted; one in the middle of a handshake is not.
func TestClosableInEachPartOfAHandshake(t *testing.T) {
	c, client := socketPair(t)
	c.BeginGRPC()
	closable := map[string]bool{"before": c.closable()}
	io.WriteString(client, "x")
	var quiet time.Time
	_, err := c.Secure(func(below net.Conn) (net.Conn, error) {
		closable["silent"] = c.closable()
		above, err := maskHandshake(below)
		closable["begun"] = c.closable()
		setOf(c.env).TakeIdle()
		quiet = c.silentSince(c.env.State.Current.Load())
		return above, err
	})
	if err != nil {
		t.Fatal(err)
	}
	closable["over"] = c.closable()
	for when, want := range map[string]bool{"before": true, "silent": true, "begun": false, "over": true} {
		if closable[when] != want {
			t.Errorf("%s: closable %v, want %v", when, closable[when], want)
		}
	}
	if all := setOf(c.env).TakeIdle(); len(all) != 1 {
		t.Errorf("%d connections were announced to the finishing phase, want 1", len(all))
	}
	if !c.silentSince(c.env.State.Current.Load()).After(quiet) {
		t.Error("the end of the handshake does not count as activity")
	}
	if items := c.AppendItems(nil); len(items) != 0 {
		t.Errorf("in flight: %v", items)
	}
	got := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		got <- err
	}()
	c.interruptRead()
	if err := <-got; err != io.EOF {
		t.Errorf("Read: %v, want EOF", err)
	}
}

// Once a client has shaken hands and sent no preface of HTTP/2, nothing is read or
// written below the encryption.
func TestNoPrefaceAboveALayer(t *testing.T) {
	c, client := securePair(t)
	client.Write(masked([]byte("GET / HTTP/1.1\r\n\r\n")))
	c.Read(make([]byte, 100))
	if n, err := c.Write([]byte("in clear text")); err == nil {
		t.Errorf("%d bytes were written", n)
	}
	c.Conn.Close()
	if b, _ := io.ReadAll(client); string(b) != "." {
		t.Errorf("%q was sent", b)
	}
}

// Secure is for a connection of gRPC on which nothing has come or gone.
func TestSecureTooLate(t *testing.T) {
	never := func(net.Conn) (net.Conn, error) { return nil, errors.New("the handshake was begun") }
	http1, _ := socketPair(t)
	raw, _ := socketPair(t)
	raw.BeginRaw()
	read, client := socketPair(t)
	read.BeginGRPC()
	io.WriteString(client, wire.Preface[:1])
	read.Read(make([]byte, 1))
	twice, _ := securePair(t)
	for name, c := range map[string]*Conn{"net/http": http1, "raw": raw, "read": read, "twice": twice} {
		if _, err := c.Secure(never); err == nil || err.Error() == "the handshake was begun" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// NetConn finds the socket from what the handshake is given, as a callback of
// tls.Config gets it.
func TestNetConnBelowALayer(t *testing.T) {
	c, _ := socketPair(t)
	c.BeginGRPC()
	c.Secure(func(below net.Conn) (net.Conn, error) {
		if _, is := NetConn(below).(*net.TCPConn); !is {
			t.Errorf("NetConn is a %T", NetConn(below))
		}
		return nil, errors.New("enough")
	})
	if _, is := NetConn(c).(*net.TCPConn); !is {
		t.Errorf("NetConn is a %T", NetConn(c))
	}
}
