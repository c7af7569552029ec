package lameduck

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
			p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
			t.Logf("%d requests, %d connections closed idle", requests.Load(), p.conns.ClosedIdle.Load())
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
		postUntilClose(t, nc, think, requests)
		nc.Close()
	}
}

func postUntilClose(t *testing.T, nc net.Conn, think time.Duration, requests *atomic.Int64) {
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
