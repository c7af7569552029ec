package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// streams is how many requests an HTTP/2 client has in flight at the same time.
const streams = 8

// http2Client is one Transport of net/http for several requests at the same time. If a body
// can be replayed, the Transport repeats a request that the server never saw, or
// refused.
func http2Client(replay bool) func(context.Context, *client) {
	return func(ctx context.Context, c *client) {
		transport, url := c.http2Transport()
		defer transport.CloseIdleConnections()
		var group sync.WaitGroup
		for range streams {
			group.Go(func() {
				for ctx.Err() == nil {
					place, err := post(ctx, transport, url, replay)
					c.saw(ctx, err)
					if place == "elsewhere" {
						return
					}
					if err != nil {
						pause(ctx, beat)
					}
				}
			})
		}
		group.Wait()
	}
}

func (c *client) http2Transport() (transport *http.Transport, url string) {
	transport = &http.Transport{Protocols: new(http.Protocols), DialContext: c.dial, TLSHandshakeTimeout: 10 * time.Second}
	if c.trial.kind.proto == secure {
		transport.Protocols.SetHTTP2(true)
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		return transport, "https://bench/"
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return transport, "http://bench/"
}

// post returns which server answered: "here" or "elsewhere".
func post(ctx context.Context, transport *http.Transport, url string, replay bool) (place string, err error) {
	var body io.Reader = strings.NewReader("hello")
	if !replay {
		body = io.MultiReader(body) // of a type that net/http cannot rewind
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return "", err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return "", fmt.Errorf("body: %w", err)
	case answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2:
		return "", fmt.Errorf("answered with %s %s", answer.Proto, answer.Status)
	}
	return string(content), nil
}
