package engine

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// certificate is any: clients do not verify it.
func certificate(t *testing.T) tls.Certificate {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	return s.TLS.Certificates[0]
}

// secured is a connection with TLS, both sides of it, and the server's socket.
func secured(t *testing.T, wrap func(net.Conn) *Conn) (client *Conn, server *tls.Conn, socket net.Conn) {
	t.Helper()
	nc, socket := pair(t)
	client = wrap(nc)
	server = tls.Server(socket, &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := client.Secure(t.Context(), &tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return client, server, socket
}

// TestReadNowOfTLS: the peeker of a connection with TLS sees what is inside: its
// session tickets are nothing, half a record is nothing yet, and the end is that
// of TLS or of the connection.
func TestReadNowOfTLS(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) *Conn{
		"socket":   NewConn,
		"deadline": func(nc net.Conn) *Conn { return &Conn{nc, deadlinePeeker{nc}, nc} },
	} {
		for end, closes := range map[string]func(*tls.Conn, net.Conn) error{
			"close_notify": func(c *tls.Conn, _ net.Conn) error { return c.Close() },
			"fin":          func(_ *tls.Conn, socket net.Conn) error { return socket.Close() },
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				client, server, socket := secured(t, wrap)
				for range 3 {
					if n, err := client.ReadNow(buf()); n != 0 || err != ErrNothing {
						t.Fatalf("an idle connection has %d bytes, %v", n, err)
					}
				}
				for range 2 {
					if _, err := io.WriteString(server, "x"); err != nil {
						t.Fatal(err)
					}
					if n, err := readSoon(t, client); n != 1 || err != nil {
						t.Fatalf("%d bytes, %v; want the one that was sent", n, err)
					}
				}
				if _, err := io.WriteString(server, "yz"); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 2)
				if _, err := io.ReadFull(client, got); err != nil || string(got) != "yz" {
					t.Errorf("a Read after ReadNow has %q, %v", got, err)
				}
				if err := closes(server, socket); err != nil {
					t.Fatal(err)
				}
				if n, err := readSoon(t, client); n != 0 || err != io.EOF {
					t.Errorf("%d bytes, %v; want the end", n, err)
				}
			})
		}
	}
}

// halved writes each record in two parts.
type halved struct {
	net.Conn
	next chan struct{}
}

func (h halved) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	<-h.next
	m, err := h.Conn.Write(p[len(p)/2:])
	return n + m, err
}

// TestReadNowOfHalfARecord: what was received of a record is not lost.
func TestReadNowOfHalfARecord(t *testing.T) {
	nc, socket := pair(t)
	next := make(chan struct{}, 1000)
	for range 100 {
		next <- struct{}{} // for the handshake
	}
	server := tls.Server(halved{socket, next}, &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	client := NewConn(nc)
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := client.Secure(t.Context(), &tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	for len(next) > 0 {
		<-next
	}
	go func() { _, _ = io.WriteString(server, "hello") }()
	for range 20 {
		if n, err := client.ReadNow(buf()); n != 0 || err != ErrNothing {
			t.Fatalf("half a record is %d bytes, %v", n, err)
		}
		time.Sleep(time.Millisecond)
	}
	next <- struct{}{}
	if n, err := readSoon(t, client); n != 5 || err != nil {
		t.Errorf("%d bytes, %v; want 5", n, err)
	}
}

// TestDetectTLS: a ServerHello and an alert are answers of TLS; text, silence and
// a closed connection are none.
func TestDetectTLS(t *testing.T) {
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		want  bool
	}{
		"handshake": {func(c net.Conn) {
			_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate(t)}}).Handshake()
		}, true},
		"alert":  {func(c net.Conn) { _ = tls.Server(c, &tls.Config{MinVersion: tls.VersionTLS13}).Handshake() }, true},
		"text":   {func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, false},
		"closed": {func(c net.Conn) { _, _ = c.Read(buf()) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := pair(t)
			go func() {
				tt.serve(server)
				_ = server.(*net.TCPConn).CloseWrite()
			}()
			if got := DetectTLS(t.Context(), client, &tls.Config{InsecureSkipVerify: true}); got != tt.want {
				t.Errorf("detected: %v", got)
			}
		})
	}
}
