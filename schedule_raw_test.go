package lameduck

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// raw serves a protocol of lines, each of which is answered by itself. When
// the server is to leave it sends bye, and answers on until the client hangs up.
func (s *schedule) raw(ctx context.Context, nc net.Conn) {
	s.handling.Add(1)
	defer s.handling.Add(-1)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-Draining(ctx):
			io.WriteString(nc, "bye\n")
		case <-ended:
		}
	}()
	lines := bufio.NewScanner(nc)
	for lines.Scan() {
		switch lines.Text() {
		case "panic":
			panic("a raw connection panicked")
		case "stuck":
			<-ctx.Done()
			return
		case "deaf":
			<-s.forever
			return
		}
		fmt.Fprintln(nc, lines.Text())
	}
}

// talk is a connection of a schedule's client that uses that protocol.
func (s *schedule) talk(nc net.Conn) {
	c := &client{nc, bufio.NewReader(nc)}
	for range s.below(8) {
		line := "hello"
		if s.oneIn(16) {
			line = []string{"panic", "stuck", "deaf"}[s.below(3)]
		}
		if n, err := s.write(c, line+"\n", 1+s.below(3)); err != nil {
			if n > 0 {
				s.noAnswer("raw "+line, fmt.Errorf("%d bytes sent: %w", n, err))
			}
			return
		}
		if s.oneIn(12) {
			return // goes before it is answered
		}
		if !s.receive(c, line) {
			return
		}
		time.Sleep(s.upTo(4 * time.Second))
	}
	if s.oneIn(2) { // sends nothing more
		c.SetReadDeadline(time.Now().Add(s.upTo(time.Minute)))
		c.r.ReadString('\n')
	}
}

// receive waits for the answer to a line. It returns false if that is the last.
func (s *schedule) receive(c *client, line string) bool {
	asked := false
	for {
		answer, err := c.r.ReadString('\n')
		switch {
		case err != nil:
			s.noAnswer("raw "+line, err)
			return false
		case answer == "bye\n":
			asked = true
		default:
			return !asked
		}
	}
}
