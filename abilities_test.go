package lameduck

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What net/http can do on a connection of its own it can do on a wrapped one,
// before T0 and after it.

// sendingListener hands out connections that note what is sent by ReadFrom.
type sendingListener struct {
	net.Listener
	sent *atomic.Int64
}

func (l sendingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return sendingConn{c.(*net.TCPConn), l.sent}, nil
}

func (l sendingListener) SetDeadline(t time.Time) error {
	return l.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(t)
}

type sendingConn struct {
	*net.TCPConn
	sent *atomic.Int64
}

// ReadFrom is where the kernel is asked to send a file (sendfile), or to copy
// from another socket (splice).
func (c sendingConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	c.sent.Add(n)
	return n, err
}

func TestFilesAreSentByTheKernel(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large")
	content := bytes.Repeat([]byte("lameduck"), 1<<16)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	p := &Process{Delay: time.Second, Quiet: -1, Spread: -1}
	p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, name)
	})}, sendingListener{l, &sent})
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for i := range 2 {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		most := int64(len(content)) - 1024 // net/http sniffs the start of some
		for end := time.Now().Add(10 * time.Second); sent.Load() < most && time.Now().Before(end); {
			time.Sleep(time.Millisecond) // the client may have it all before ReadFrom returns
		}
		if n := sent.Swap(0); n < most {
			t.Errorf("termination under way %v: the kernel has sent %d bytes of %d", i > 0, n, len(content))
		}
		terminate()
		for p.state.Current.Load() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// inEachProtocol runs f with a server for h, before T0 and after it, and with a
// client that has sent a request for /.
func inEachProtocol(t *testing.T, h http.HandlerFunc, f func(t *testing.T, send func(string), answer io.Reader)) {
	for _, over := range []string{"clear text", "TLS"} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s late=%v", over, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := &http.Server{Handler: h}
					if over == "TLS" {
						srv = serverOf(t, "tls", h)
					}
					x := startServer(t, &Process{Spread: -1}, srv)
					if late {
						x.terminate()
					}
					var nc net.Conn
					nc, _ = x.socket(largeRoom)
					if over == "TLS" {
						nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
					}
					f(t, func(text string) {
						if _, err := io.WriteString(nc, text); err != nil {
							t.Error(err)
						}
					}, nc)
					nc.Close()
					if !late {
						x.terminate()
					}
					x.endsAt(10 * time.Second)
				})
			})
		}
	}
}

// until reads until text has come.
func until(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var got []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(got), text); got = append(got, b[0]) {
		if _, err := r.Read(b); err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	return string(got)
}

func TestResponseController(t *testing.T) {
	inEachProtocol(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		io.WriteString(w, "first")
		if err := rc.Flush(); err != nil {
			t.Error(err)
		}
		if err := rc.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Error(err)
		}
		b := make([]byte, 2)
		if n, err := io.ReadFull(r.Body, b); n != 2 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		if _, err := io.ReadFull(r.Body, b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read after the deadline: %v", err)
		}
		if err := rc.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Error(err)
		}
		w.Write(b)
		rc.Flush()
		time.Sleep(2 * time.Second)
		w.Write(b)
		if err := rc.Flush(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Flush after the deadline: %v", err)
		}
	}, func(t *testing.T, send func(string), answer io.Reader) {
		send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n")
		until(t, answer, "first\r\n")
		time.Sleep(500 * time.Millisecond)
		send("hi")
		until(t, answer, "hi\r\n")
		io.Copy(io.Discard, answer)
	})
}

func TestFullDuplex(t *testing.T) {
	inEachProtocol(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		for b := make([]byte, 3); ; {
			if _, err := io.ReadFull(r.Body, b); err != nil {
				return
			}
			w.Write(b)
			rc.Flush()
		}
	}, func(t *testing.T, send func(string), answer io.Reader) {
		send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
		for i := range 5 {
			word := fmt.Sprintf("%03d", i)
			send("3\r\n" + word + "\r\n")
			until(t, answer, word+"\r\n")
			time.Sleep(time.Second)
		}
		send("0\r\n\r\n")
		until(t, answer, "0\r\n\r\n")
	})
}

func TestContinue(t *testing.T) {
	inEachProtocol(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.Copy(w, r.Body)
	}, func(t *testing.T, send func(string), answer io.Reader) {
		send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
		until(t, answer, "HTTP/1.1 103 Early Hints\r\n\r\n")
		until(t, answer, "HTTP/1.1 100 Continue\r\n\r\n")
		time.Sleep(time.Second)
		send("hi")
		if got := until(t, answer, "\r\n\r\nhi"); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%q", got)
		}
	})
}

// Who takes the connection over is given what the client has sent behind its
// request, and is not disturbed.
func TestHijack(t *testing.T) {
	inEachProtocol(t, func(w http.ResponseWriter, r *http.Request) {
		nc, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		b := make([]byte, 5)
		for range 2 {
			io.ReadFull(rw, b)
			nc.Write(append([]byte("HTTP/1.1 200 OK\r\n\r\n"), b...)) // it is no answer
		}
	}, func(t *testing.T, send func(string), answer io.Reader) {
		send("GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
		if got := until(t, answer, "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.Contains(got, "Connection: Upgrade") {
			t.Errorf("%q", got)
		}
		if got := until(t, answer, "hello"); got != "HTTP/1.1 200 OK\r\n\r\nhello" {
			t.Errorf("%q", got)
		}
		time.Sleep(3 * time.Second)
		send("world")
		if got := until(t, answer, "world"); got != "HTTP/1.1 200 OK\r\n\r\nworld" {
			t.Errorf("%q", got)
		}
	})
}
