package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// SSE follows server-sent events of GET /events, as a browser's EventSource
// does: it comes back with Last-Event-ID when the stream has ended, after the
// time that the server asked for in retry. Every event is an attempt: lost if
// the stream breaks off without a reconnect event, or if it is left out.
func SSE(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, dial, t}
	var group sync.WaitGroup
	for range 8 {
		group.Go(c.follow)
	}
	group.Wait()
}

// A stream is what one EventSource remembers between its connections.
type stream struct {
	lastID int // 0 before the first event
	retry  time.Duration
}

func (c *client) follow() {
	s := &stream{retry: retryPause}
	for !c.done() {
		conn, ok := c.connect()
		if !ok {
			continue
		}
		if err := s.read(c, conn); err != nil {
			c.t.Lose(err)
		}
		conn.Close()
		c.pause(s.retry)
	}
}

// read follows one connection. It returns nil if it ended well: with a
// reconnect event, or with the load.
func (s *stream) read(c *client, conn net.Conn) error {
	request := "GET /events HTTP/1.1\r\nHost: load\r\nAccept: text/event-stream\r\n"
	if s.lastID > 0 {
		request += fmt.Sprintf("Last-Event-ID: %d\r\n", s.lastID)
	}
	res, err := answer(conn, request+"\r\n")
	if err != nil {
		return err
	}
	// The body is not closed: that would read on to the end of the stream.
	return s.events(c, conn, bufio.NewReader(res.Body))
}

// answer sends a request and reads the head of the answer. The error
// differs between a connection that is closed before the head and one closed in it.
func answer(conn net.Conn, request string) (*http.Response, error) {
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	if _, err := in.Peek(1); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(in, nil)
	switch {
	case err != nil:
		return nil, lostBy("truncated", err)
	case res.StatusCode >= 300:
		return nil, lostBy(fmt.Sprint("status-", res.StatusCode), nil)
	}
	return res, nil
}

func (s *stream) events(c *client, conn net.Conn, r *bufio.Reader) error {
	left := false
	for !c.done() {
		conn.SetDeadline(time.Now().Add(patience))
		e, err := readEvent(r)
		switch {
		case err == io.EOF && left:
			return nil
		case err == io.EOF:
			return lostBy("no-reconnect-event", err)
		case err != nil:
			return lostBy("truncated", err)
		}
		left = left || e["event"] == "reconnect"
		s.take(c.t, e)
	}
	return nil
}

// take counts one event.
func (s *stream) take(t *Tally, e map[string]string) {
	if ms, err := strconv.Atoi(e["retry"]); err == nil {
		s.retry = time.Duration(ms) * time.Millisecond
	}
	if e["event"] == "reconnect" {
		t.AskedToLeave("reconnect event")
		return
	}
	id, err := strconv.Atoi(e["id"])
	if err == nil && s.lastID > 0 && id != s.lastID+1 {
		err = fmt.Errorf("event %d came after %d", id, s.lastID)
	}
	if err != nil {
		err = lostBy("left-out", err)
	}
	s.lastID = id
	t.End(err)
}

// readEvent reads the fields of one event, to the empty line. io.EOF is the
// orderly end of the answer, between two events.
func readEvent(r *bufio.Reader) (map[string]string, error) {
	e := map[string]string{}
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF && (line != "" || len(e) > 0) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return e, nil
		}
		field, value, _ := strings.Cut(line, ":")
		e[field] = strings.TrimPrefix(value, " ")
	}
}
