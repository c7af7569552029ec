package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// TCP sends lines and wants each back. A line "closing" from the server asks
// the client to hang up when it has its answer; a server that hangs up without
// one loses something.
func TCP(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, dial, t}
	var group sync.WaitGroup
	for range 8 {
		group.Go(c.lines)
	}
	group.Wait()
}

func (c *client) lines() {
	for !c.done() {
		conn, ok := c.connect()
		if !ok {
			continue
		}
		l := &lines{conn, bufio.NewReader(conn), false}
		for n := 1; !c.done() && !l.left; n++ {
			err := l.exchange(fmt.Sprint("line ", n))
			c.t.End(err)
			if err != nil {
				break
			}
			if err := l.think(thinkTime()); err != nil {
				c.t.Lose(err)
				break
			}
		}
		if l.left {
			c.t.AskedToLeave("closing line")
		}
		conn.Close()
		c.pause(retryPause)
	}
}

// lines is one connection.
type lines struct {
	net.Conn
	r    *bufio.Reader
	left bool // the server has sent "closing"
}

func (l *lines) exchange(line string) error {
	l.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(l, line+"\n"); err != nil {
		return err
	}
	answer, err := l.read()
	if err == nil && answer != line {
		err = lostBy("wrong-answer", fmt.Errorf("%q to %q", answer, line))
	}
	return err
}

// read reads one line that is not "closing".
func (l *lines) read() (string, error) {
	for {
		line, err := l.r.ReadString('\n')
		if err == io.EOF && line != "" {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		if line = strings.TrimSpace(line); line != "closing" {
			return line, nil
		}
		l.left = true
	}
}

// think waits for d, or for the line "closing".
func (l *lines) think(d time.Duration) error {
	if d == 0 || l.left {
		return nil
	}
	l.SetReadDeadline(time.Now().Add(d))
	_, err := l.r.Peek(len("closing\n"))
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return nil
	}
	if err != nil {
		return lostBy("no-closing-line", err)
	}
	line, err := l.r.ReadString('\n')
	if line != "closing\n" {
		return lostBy("wrong-answer", fmt.Errorf("%q, unasked", line))
	}
	l.left = true
	return err
}
