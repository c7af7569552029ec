package lameduck

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// http2 is a connection of a schedule's client that uses HTTP/2, in one of
// several manners, until it is asked to leave.
func (s *schedule) http2(nc net.Conn) {
	c := newH2Client(s.t, nc)
	settings := allWindows
	switch s.below(12) {
	case 0: // goes in the middle of the preface
		s.write(nc, wire.Preface[:1+s.below(len(wire.Preface)-1)], 1+s.below(3))
		return
	case 1: // confirms nothing
		c.deaf = func(f frame) bool { return f.kind == typePing }
	case 2: // takes no answer for a while
		settings = rawSettings(initialWindowSize, 0)
		time.AfterFunc(s.upTo(5*time.Second), func() { c.send(allWindows) })
	}
	preface := func() error {
		_, err := s.write(nc, wire.Preface, 1+s.below(3))
		return err
	}
	if c.first(preface) != nil || c.send(settings) != nil {
		return // nothing has begun
	}
	for range s.below(6) {
		if !s.streams(c) {
			return
		}
		time.Sleep(s.upTo(4 * time.Second))
	}
	if s.oneIn(3) {
		return
	}
	select { // sends nothing more until it is closed, or closes by itself
	case <-c.ended:
	case <-time.After(s.upTo(time.Minute)):
	}
}

// streams begins some at once, and waits for the answers. It returns false if
// the connection is of no more use.
func (s *schedule) streams(c *h2Client) bool {
	begun := map[uint32]string{}
	for range 1 + s.below(4) {
		path := s.anyPath()
		if path == "/hijack" {
			path = "/stream" // HTTP/2 has no such thing
		}
		id, err := s.stream(c, path)
		if err != nil {
			break
		}
		begun[id] = path
		if s.oneIn(3) {
			time.Sleep(s.upTo(time.Second))
		}
	}
	if s.oneIn(12) {
		return false // goes while it is answered
	}
	for id, path := range begun {
		if err := c.wait(id); err != nil {
			s.noAnswer("HTTP/2 "+path, err)
		}
	}
	return len(begun) > 0
}

var errLeaving = errors.New("the connection must not be used")

// stream begins one, with a body that may take its time. If the client was
// asked to leave, or has lost its connection, it returns an error. What is sent
// the server has read: there is no queue between.
func (s *schedule) stream(c *h2Client, path string) (uint32, error) {
	c.writing <- struct{}{} // so that nothing acknowledges a GOAWAY meanwhile
	defer func() { <-c.writing }()
	if len(c.seen(typeGoAway)) > 0 {
		return 0, errLeaving
	}
	c.last += 1 + c.last%2 // 1, and then what is odd
	id := c.last
	body := rawFrame(typeData, endStream, id, []byte("hello")...)
	frames := rawFrame(typeHeaders, endHeaders, id, rawRequest("POST", path)...)
	if slow := s.oneIn(4); slow {
		time.AfterFunc(s.upTo(5*time.Second), func() { c.send(body) })
	} else {
		frames = append(frames, body...)
	}
	n, err := s.write(c, string(frames), 1+s.below(2))
	if n > 0 && err != nil {
		s.noAnswer("HTTP/2 "+path, fmt.Errorf("%d bytes sent: %w", n, err))
	}
	return id, err
}

// wait waits until a stream is answered, and returns why it is not.
func (c *h2Client) wait(stream uint32) error {
	for {
		if c.answered(stream) {
			return nil
		}
		for _, f := range c.seen(typeRSTStream) {
			if f.stream == stream {
				return fmt.Errorf("stream %d was reset, code %d", stream, f.number())
			}
		}
		if over, _ := c.over(); over && !c.answered(stream) {
			return fmt.Errorf("stream %d: %w", stream, c.end)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
