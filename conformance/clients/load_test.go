package clients

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// A load is many clients that post, at their own pace, by a dialer.
type load struct {
	dial  func() (net.Conn, error)
	fresh bool            // a connection for each request
	pause <-chan struct{} // when it is closed they wait for until; nil: they do not
	until <-chan struct{} // when it is closed they soon end
}

const (
	posters  = 16
	mostEach = 20_000
	thenEach = 20
)

// A tally is what became of the requests.
type tally struct {
	sent int64
	bad  map[string]int // what was no 200
}

// run posts until the end, and a little on.
func (l load) run() tally {
	all := tally{bad: map[string]int{}}
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range posters {
		clients.Go(func() {
			one := l.poster()
			mu.Lock()
			defer mu.Unlock()
			all.sent += one.sent
			for what, n := range one.bad {
				all.bad[what] += n
			}
		})
	}
	clients.Wait()
	return all
}

func (l load) poster() tally {
	mine := tally{bad: map[string]int{}}
	var c *postConn
	for left := mostEach; left > 0; left-- {
		if c == nil {
			nc, err := l.dial()
			if err != nil {
				mine.bad[fmt.Sprintf("dial: %v", err)]++
				continue
			}
			c = &postConn{Conn: nc, in: bufio.NewReader(nc)}
		}
		mine.sent++
		goes, err := c.post(l.fresh)
		if err != nil {
			mine.bad[err.Error()]++
		}
		if !goes {
			c.Close()
			c = nil
		}
		select {
		case <-l.until:
			left = min(left, thenEach)
		case <-l.pause:
			<-l.until
		default:
		}
		time.Sleep(rand.N(5 * time.Millisecond))
	}
	if c != nil {
		c.Close()
	}
	return mine
}

// A postConn is a connection of HTTP/1.1 on which nothing is sent twice, as
// http.Transport may do.
type postConn struct {
	net.Conn
	in *bufio.Reader
}

// post sends one request and reads the answer. goes reports that the connection
// can carry another.
func (c *postConn) post(last bool) (goes bool, err error) {
	request := "POST / HTTP/1.1\r\nHost: site\r\nContent-Length: 1\r\n\r\nx"
	if last {
		request = "POST / HTTP/1.1\r\nHost: site\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
	}
	if _, err := io.WriteString(c, request); err != nil {
		return false, fmt.Errorf("write: %w", err)
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return false, fmt.Errorf("read: %w", err)
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false, fmt.Errorf("body: %w", err)
	}
	if r.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", r.StatusCode)
	}
	return !r.Close, err
}
