package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// H2C sends POST / over HTTP/2 in clear text, with a body that cannot be sent
// twice, and wants it back: many requests at a time on each connection, some
// of them slow.
func H2C(ctx context.Context, dial Dial, t *Tally) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	h2(&client{ctx, dial, t}, "http", &http.Transport{Protocols: &protocols})
}

// TLS is [HTTP] and HTTP/2 requests like those of [H2C] over TLS. It accepts
// any certificate.
func TLS(ctx context.Context, dial Dial, t *Tally) {
	http1 := func(ctx context.Context, dial Dial, t *Tally) { HTTP(ctx, overTLS(dial), t) }
	http2 := func(ctx context.Context, dial Dial, t *Tally) {
		var protocols http.Protocols
		protocols.SetHTTP2(true)
		h2(&client{ctx, dial, t}, "https", &http.Transport{Protocols: &protocols, TLSClientConfig: anyCertificate()})
	}
	Together(http1, http2)(ctx, dial, t)
}

func anyCertificate(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "load", NextProtos: protocols}
}

// overTLS dials, and negotiates HTTP/1.1. The connection can be looked at without
// waiting: a look that waits, through a tls.Conn, is over some time before the next
// request is sent, and on a busy machine long before.
func overTLS(dial Dial) Dial {
	return func(ctx context.Context) (net.Conn, error) {
		nc, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		c := engine.NewConn(nc)
		if err := c.Secure(ctx, anyCertificate("http/1.1")); err != nil {
			nc.Close()
			return nil, lostBy("handshake", err)
		}
		return c, nil
	}
}

func h2(c *client, scheme string, transport *http.Transport) {
	transport.DialContext = c.dialContext
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { c.http2(scheme, transport, c.busy) })
	}
	group.Go(func() { c.http2(scheme, transport, c.quiet) })
	group.Wait()
}

// http2 is one client: one connection at a time, which use makes use of for
// as long as it lasts.
func (c *client) http2(scheme string, transport *http.Transport, use func(*http2Conn)) {
	for !c.done() {
		conn, ok := c.connectHTTP2(scheme, transport)
		if !ok {
			continue
		}
		use(conn)
		if !c.done() {
			c.t.AskedToLeave("GOAWAY or close")
		}
		conn.Close()
		c.pause(retryPause)
	}
}

// busy has eight requests at a time, two of them slow.
func (c *client) busy(conn *http2Conn) {
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { c.streams(conn, 0, thinkTime) })
	}
	for range 2 {
		group.Go(func() { c.streams(conn, 50*time.Millisecond, thinkTime) })
	}
	group.Wait()
}

// quiet leaves the connection idle most of the time.
func (c *client) quiet(conn *http2Conn) { c.streams(conn, 0, longThinkTime) }

// An http2Conn is one connection, to be used with URLs of its scheme.
type http2Conn struct {
	*http.ClientConn
	scheme string
}

func (c *client) connectHTTP2(scheme string, transport *http.Transport) (*http2Conn, bool) {
	ctx, cancel := c.attempt()
	defer cancel()
	conn, err := transport.NewClientConn(ctx, scheme, "load:80")
	if err != nil {
		c.t.Lose(err)
		c.pause(retryPause)
		return nil, false
	}
	return &http2Conn{conn, scheme}, true
}

// streams sends one request after another, until the connection takes no
// more.
func (c *client) streams(conn *http2Conn, slowly time.Duration, think func() time.Duration) {
	for !c.done() && conn.Reserve() == nil {
		err := c.stream(conn, slowly)
		if isUnsent(err) {
			return
		}
		c.t.End(err)
		if err != nil {
			return
		}
		c.pause(think())
	}
}

func (c *client) stream(conn *http2Conn, slowly time.Duration) error {
	ctx, cancel := c.attempt()
	defer cancel()
	text := io.Reader(&trickle{strings.NewReader(body), slowly})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, conn.scheme+"://load/", text)
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(body))
	res, err := conn.RoundTrip(r)
	if err != nil {
		return http2Loss(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return http2Loss(err)
	case res.StatusCode >= 300:
		return lostBy(fmt.Sprint("status-", res.StatusCode), nil)
	case string(answer) != body:
		return lostBy("wrong-answer", fmt.Errorf("%q", answer))
	}
	return nil
}

// isUnsent reports whether the request never left: the connection had been
// asked to take no more between the reservation and the request.
func isUnsent(err error) bool {
	return err != nil && strings.Contains(err.Error(), "client conn not usable")
}

// http2Loss finds the reason in the text: net/http's HTTP/2 errors have no
// names. A request that came after the GOAWAY's last stream was not handled,
// and is lost all the same: its body is gone.
func http2Loss(err error) error {
	if isTimeout(err) {
		return err
	}
	switch text := err.Error(); {
	case strings.Contains(text, "GOAWAY"):
		return lostBy("goaway", err)
	case strings.Contains(text, "stream error"), strings.Contains(text, "RST_STREAM"):
		return lostBy("stream-reset", err)
	case strings.Contains(text, "client connection"): // lost, force closed
		return lostBy("reset", err)
	}
	return err
}

const body = "all of this, and nothing else"

// trickle is a body that comes a few bytes at a time.
type trickle struct {
	r    io.Reader
	wait time.Duration
}

func (t *trickle) Read(b []byte) (int, error) {
	if t.wait == 0 {
		return t.r.Read(b)
	}
	time.Sleep(t.wait)
	return t.r.Read(b[:min(len(b), 8)])
}
