package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

// lastingClient keeps one session open at a time. When the server ends it without an
// error the client opens another.
func lastingClient(session func(context.Context, *client) error) func(context.Context, *client) {
	return func(ctx context.Context, c *client) {
		for !c.moved() && ctx.Err() == nil {
			c.saw(ctx, session(ctx, c))
			pause(ctx, beat/2)
		}
	}
}

// oneRequestTransport never repeats a request, and so hides nothing.
func (c *client) oneRequestTransport() *http.Transport {
	return &http.Transport{DialContext: c.dialHere, DisableKeepAlives: true}
}

// webSocketSession sends and receives until the server closes. The codes 1000 (normal
// closure), 1001 (going away) and 1012 (service restart) are no failure.
func webSocketSession(ctx context.Context, c *client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://bench/websocket",
		&websocket.DialOptions{HTTPClient: &http.Client{Transport: c.oneRequestTransport()}})
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	go func() {
		for pause(ctx, about(beat)) && ws.Write(ctx, websocket.MessageText, []byte("hello")) == nil {
		}
	}()
	for {
		if _, _, err = ws.Read(ctx); err != nil {
			break
		}
		c.warmed()
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusServiceRestart:
		return nil
	}
	return err
}

// eventSession reads until the stream ends. It is broken unless its body ends as HTTP
// requires, after the server's last event.
func eventSession(ctx context.Context, c *client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://bench/events", nil)
	if err != nil {
		return err
	}
	answer, err := c.oneRequestTransport().RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	lines := bufio.NewReader(answer.Body)
	ending := false
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) && ending {
			return nil
		}
		if err != nil {
			return fmt.Errorf("events: %w", err)
		}
		ending = ending || line == "event: end\n"
		c.warmed()
	}
}
