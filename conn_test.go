package lameduck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// socketPair is a wrapped server connection and its client, over TCP.
func socketPair(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	e := testEnv(newDrain("test", clocks{}))
	e.state.closing.Store(true)
	c := newConn(server, e)
	e.conns.add(c)
	t.Cleanup(func() {
		client.Close()
		c.Close()
	})
	return c, client
}

// testEnv is that of connections without a Process; d is nil while serving.
func testEnv(d *drain) *env {
	e := &env{state: new(state), conns: new(connSet), hard: context.Background(), log: slog.New(slog.DiscardHandler)}
	e.conns.init()
	e.state.current.Store(d)
	return e
}

// Who looks in vain at a connection that has been woken leaves that wake to be
// taken back: else the past deadline stays, and looks like net/http's own.
func TestSecondWakeOfAConnectionThatStays(t *testing.T) {
	c, client := socketPair(t)
	c.wake()
	c.doing.Store(reading) // its reader has seen the begin of a request
	c.wake()
	c.stayAwake()
	client.Write([]byte("x"))
	if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func TestWokenConnectionIsClosedOnAnEmptyQueue(t *testing.T) {
	c, client := socketPair(t)
	got := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		got <- err
	}()
	c.wake()
	if err := <-got; err != io.EOF {
		t.Errorf("Read: %v, want EOF", err)
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client read %v, want a FIN", err)
	}
	if n := len(c.env.conns.list()); n != 0 {
		t.Error("the connection is still in the set")
	}
}

// A wake that comes when a request is being read must not end it.
func TestWakeOfABusyConnectionDoesNothing(t *testing.T) {
	c, client := socketPair(t)
	io.WriteString(client, "GET")
	b := make([]byte, 10)
	if n, err := c.Read(b); string(b[:n]) != "GET" || err != nil {
		t.Fatalf("Read: %q, %v", b[:n], err)
	}
	c.wake()
	go io.WriteString(client, " /")
	if n, err := c.Read(b); string(b[:n]) != " /" || err != nil {
		t.Errorf("Read: %q, %v", b[:n], err)
	}
}

// net/http's own use of past deadlines (to end its background read) passes.
func TestDeadlineOfOthersPasses(t *testing.T) {
	c, _ := socketPair(t)
	c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v", err)
	}
}

// Keep-alive clients of all tempos and clients with a connection per request
// go through whole terminations: no request that was written is lost. As in
// a cluster, new connections go elsewhere (here: end) some time after T0.
func TestNoRequestIsLost(t *testing.T) {
	for _, think := range []time.Duration{0, 2 * time.Millisecond, 20 * time.Millisecond} {
		t.Run(fmt.Sprint("think=", think), func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			p := &Process{Delay: 1500 * time.Millisecond, Quiet: 500 * time.Millisecond, Spread: 200 * time.Millisecond}
			p.Serve(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(w, r.Body)
			})}, l)
			ctx, terminate := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx) }()

			var clients sync.WaitGroup
			var requests atomic.Int64
			elsewhere := make(chan struct{}) // the endpoint is removed
			for range 16 {
				clients.Go(func() { keepAlive(t, l.Addr().String(), think, elsewhere, &requests) })
			}
			time.AfterFunc(200*time.Millisecond, terminate)
			time.AfterFunc(400*time.Millisecond, func() { close(elsewhere) })
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
			clients.Wait()
			t.Logf("%d requests, %d connections closed idle", requests.Load(), p.conns.closedIdle.Load())
			if requests.Load() == 0 {
				t.Error("no request at all")
			}
		})
	}
}

// keepAlive sends POSTs, which no client may retry, on one connection after
// the other until new connections go elsewhere.
func keepAlive(t *testing.T, addr string, think time.Duration, elsewhere chan struct{}, requests *atomic.Int64) {
	for {
		select {
		case <-elsewhere:
			return
		default:
		}
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Errorf("dial: %v", err)
			return
		}
		postUntilGoodbye(t, nc, think, requests)
		nc.Close()
	}
}

func postUntilGoodbye(t *testing.T, nc net.Conn, think time.Duration, requests *atomic.Int64) {
	r := bufio.NewReader(nc)
	for {
		requests.Add(1)
		fmt.Fprintf(nc, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Errorf("answer: %v", err)
			return
		}
		body, err := io.ReadAll(res.Body)
		if string(body) != "hello" || err != nil {
			t.Errorf("body %q, %v", body, err)
			return
		}
		if res.Close {
			return
		}
		time.Sleep(think)
	}
}
