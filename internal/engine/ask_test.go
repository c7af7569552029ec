package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestAsk: with what Ask and, where it leaves that to the caller, a Read returns, the
// portable peeker sees what the direct one sees.
func TestAsk(t *testing.T) {
	const large = 16 << 20 // more than the buffers of a socket hold
	for name, wrap := range map[string]func(net.Conn) *Conn{
		"socket":   NewConn,
		"deadline": func(nc net.Conn) *Conn { return &Conn{nc, deadlinePeeker{nc}, nc} },
	} {
		for _, tt := range []struct {
			name   string
			length int
			serve  func(client *Conn, server net.Conn) error // when the request was read
			want   error
		}{
			{"answer", 3, func(_ *Conn, server net.Conn) error { return writeOne(server) }, nil},
			{"large", large, func(_ *Conn, server net.Conn) error { return writeOne(server) }, nil},
			{"end", 3, func(_ *Conn, server net.Conn) error { return server.Close() }, io.EOF},
			{"deadline", 3, func(c *Conn, _ net.Conn) error { return c.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
			{"closed by the client", 3, func(c *Conn, _ net.Conn) error { return c.Close() }, net.ErrClosed},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				client, server := pair(t)
				c := wrap(client)
				go func() {
					_, err := io.CopyN(io.Discard, server, int64(tt.length))
					if err = errors.Join(err, tt.serve(c, server)); err != nil {
						t.Error(err)
					}
				}()
				answer := buf()
				a := c.Ask(make([]byte, tt.length), answer)
				if a.N == 0 && a.ReadErr == nil {
					a.N, a.ReadErr = c.Read(answer)
				}
				if a.Sent.IsZero() || a.WriteErr != nil || !errors.Is(a.ReadErr, tt.want) || (tt.want == nil) != (a.N == 1) {
					t.Errorf("%+v, want the error %v", a, tt.want)
				}
			})
		}
	}
}

func writeOne(server net.Conn) error {
	_, err := server.Write([]byte("x"))
	return err
}

// TestAskOfAClosedConnection: what was not sent is not recorded as sent.
func TestAskOfAClosedConnection(t *testing.T) {
	client, server := pair(t)
	c := NewConn(client)
	_ = server.Close()
	if n, err := readSoon(t, c); n != 0 || err != io.EOF {
		t.Fatalf("%d bytes, %v; want the end", n, err)
	}
	var a Asked
	for end := time.Now().Add(10 * time.Second); a.WriteErr == nil && time.Now().Before(end); {
		a = c.Ask(buf(), buf()) // the first ones cause the reset
	}
	if a.WriteErr == nil || !a.Sent.IsZero() || exchangeCause(a.WriteErr, 0) != Reset {
		t.Errorf("%+v", a)
	}
}
