package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// WebSocket sends messages over GET /echo and wants each back, on connections
// that last until the server closes them; beside them are some on which
// nothing is sent. A message that has no answer before the close with 1001 was
// not read by the server: it is sent again on the next connection, and is not
// lost. Any other end of a connection is a loss.
func WebSocket(ctx context.Context, dial Dial, t *Tally) {
	webSockets(&client{ctx, dial, t}, 0)
}

// webSockets has its clients end a connection after session; 0: never.
func webSockets(c *client, session time.Duration) {
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { c.webSocket(session, thinkTime) })
	}
	for range 2 {
		group.Go(func() { c.webSocket(session, nil) })
	}
	group.Wait()
}

// webSocket is one client, which thinks between messages. If think is nil it sends none.
func (c *client) webSocket(session time.Duration, think func() time.Duration) {
	for !c.done() {
		ws, ok := c.upgrade()
		if !ok {
			continue
		}
		s := &webSocketSession{Conn: ws, client: c, think: think, until: c.ctx}
		var cancel context.CancelFunc = func() {}
		if session > 0 {
			s.until, cancel = context.WithTimeout(c.ctx, session)
		}
		if err := s.run(); err != nil {
			c.t.Lose(err)
		}
		cancel()
		ws.CloseNow()
		c.pause(retryPause)
	}
}

// upgrade makes a new connection, or counts that none could be made.
func (c *client) upgrade() (*websocket.Conn, bool) {
	transport := &http.Transport{DialContext: c.dialContext}
	ctx, cancel := c.attempt()
	defer cancel()
	ws, res, err := websocket.Dial(ctx, "ws://load/echo", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err == nil {
		return ws, true
	}
	if res != nil && res.StatusCode != http.StatusSwitchingProtocols {
		err = lostBy(fmt.Sprint("status-", res.StatusCode), err)
	}
	c.t.Lose(err)
	c.pause(retryPause)
	return nil, false
}

// A webSocketSession is one connection; the client leaves when until ends.
type webSocketSession struct {
	*websocket.Conn
	*client
	think func() time.Duration
	until context.Context
}

// run returns nil if the connection ended well: by the client, or by a close
// that asks it to leave.
func (s *webSocketSession) run() error {
	if s.think == nil {
		return s.listen()
	}
	for n := 1; s.until.Err() == nil; n++ {
		if left, err := s.echo(fmt.Sprint("message ", n)); left || err != nil {
			return err
		}
		s.t.Got()
		s.pause(s.think())
	}
	return s.leave()
}

// echo sends a message and waits for its answer. left reports that the server
// has asked the client to leave instead.
func (s *webSocketSession) echo(text string) (left bool, err error) {
	ctx, cancel := s.attempt()
	defer cancel()
	if err := s.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		// The close frame, if there is one, has more than the failed write.
		_, _, readErr := s.Read(ctx)
		if websocket.CloseStatus(readErr) < 0 {
			return false, abnormal(err)
		}
		return s.closed(readErr)
	}
	_, answer, err := s.Read(ctx)
	if err != nil {
		return s.closed(err)
	}
	if string(answer) != text {
		return false, lostBy("wrong-answer", fmt.Errorf("%q to %q", answer, text))
	}
	return false, nil
}

// listen waits for the close.
func (s *webSocketSession) listen() error {
	read := make(chan error, 1)
	go func() {
		_, _, err := s.Read(context.WithoutCancel(s.ctx))
		read <- err
	}()
	select {
	case err := <-read:
		_, err = s.closed(err)
		return err
	case <-s.until.Done():
		err := s.leave()
		<-read
		return err
	}
}

// leave closes the connection from the client's side.
func (s *webSocketSession) leave() error {
	err := s.Close(websocket.StatusNormalClosure, "")
	if status := websocket.CloseStatus(err); status == websocket.StatusGoingAway {
		return nil // both left at the same moment
	}
	return err
}

// closed distinguishes a close that asks the client to leave from any other end.
func (s *webSocketSession) closed(err error) (left bool, lost error) {
	switch status := websocket.CloseStatus(err); status {
	case websocket.StatusGoingAway, websocket.StatusServiceRestart:
		s.t.AskedToLeave(fmt.Sprint("close ", int(status)))
		return true, nil
	}
	return false, abnormal(err)
}

// abnormal is an end without a close frame, or with one of another code.
func abnormal(err error) error {
	if websocket.CloseStatus(err) < 0 && !errors.Is(err, io.EOF) {
		return err // reset, timeout
	}
	return lostBy("abnormal-close", err)
}
