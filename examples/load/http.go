package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// HTTP sends POST / over HTTP/1.1 and wants its body back: over kept
// connections with think times between the requests, over a connection for
// each request, and slowly, so that many a request straddles the moment at
// which termination begins.
func HTTP(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, dial, t}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { c.keepAlive(thinkTime) })
	}
	for range 2 {
		group.Go(func() { c.keepAlive(longThinkTime) })
		group.Go(c.oneShot)
		group.Go(c.slow)
	}
	group.Wait()
}

// keepAlive sends one request after another on a connection for as long as
// it lasts.
func (c *client) keepAlive(think func() time.Duration) {
	for !c.done() {
		h, ok := c.http()
		if !ok {
			continue
		}
		for !c.done() && h.post(c.t, 0) && h.think(think()) {
		}
		h.Close()
	}
}

// oneShot makes a connection for each request.
func (c *client) oneShot() {
	for !c.done() {
		if h, ok := c.http(); ok {
			h.post(c.t, 0)
			h.Close()
		}
		c.pause(thinkTime())
	}
}

// slow sends requests that take about 300 ms each, on kept connections.
func (c *client) slow() {
	for !c.done() {
		h, ok := c.http()
		if !ok {
			continue
		}
		for !c.done() && h.post(c.t, 30*time.Millisecond) {
		}
		h.Close()
	}
}

// An http1 is one HTTP/1.1 connection: no pool, no hidden retry.
type http1 struct {
	net.Conn
	r *bufio.Reader
}

func (c *client) http() (*http1, bool) {
	conn, ok := c.connect()
	if !ok {
		return nil, false
	}
	return &http1{conn, bufio.NewReader(conn)}, true
}

const body = "all of this, and nothing else"

// post sends one request, a few bytes of its body every slowly, counts what
// came of it, and reports whether the connection can be used again.
func (h *http1) post(t *Tally, slowly time.Duration) bool {
	res, text, err := h.exchange(fmt.Sprintf("POST / HTTP/1.1\r\nHost: load\r\nContent-Length: %d\r\n\r\n", len(body)), body, slowly)
	if err == nil && text != body {
		err = lostBy("wrong-answer", fmt.Errorf("%q", text))
	}
	t.End(err)
	return err == nil && stays(res, t)
}

// stays reports whether the connection stays open after res.
func stays(res *http.Response, t *Tally) bool {
	if res.Close {
		t.Goodbye("Connection: close")
	}
	return !res.Close
}

// exchange sends a request and reads the whole answer.
func (h *http1) exchange(head, body string, slowly time.Duration) (*http.Response, string, error) {
	if err := h.send(head, body, slowly); err != nil {
		return nil, "", err
	}
	res, err := h.answer()
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, "", lostBy("truncated", err)
	}
	return res, string(text), nil
}

func (h *http1) send(head, body string, slowly time.Duration) error {
	h.SetDeadline(time.Now().Add(patience))
	if slowly == 0 {
		_, err := io.WriteString(h, head+body)
		return err
	}
	for rest := head + body; rest != ""; {
		n := min(len(rest), 8)
		if _, err := io.WriteString(h, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
		time.Sleep(slowly)
	}
	return nil
}

// answer reads the head of an answer. A connection that is closed before is
// told from one that is closed in the middle.
func (h *http1) answer() (*http.Response, error) {
	if _, err := h.r.Peek(1); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(h.r, &http.Request{Method: http.MethodPost})
	if err != nil {
		return nil, lostBy("truncated", err)
	}
	if res.StatusCode >= 300 {
		res.Body.Close()
		return nil, lostBy(fmt.Sprint("status-", res.StatusCode), nil)
	}
	return res, nil
}

// think waits for d and reports whether the connection is still open then. A
// server may close it meanwhile: nothing is lost by that.
func (h *http1) think(d time.Duration) bool {
	if d == 0 {
		return true
	}
	h.SetReadDeadline(time.Now().Add(d))
	_, err := h.r.Peek(1)
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// get sends a GET request, of which the server may think for long.
func get(path string, header ...string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: load\r\n%s\r\n", path, strings.Join(append(header, ""), "\r\n"))
}
