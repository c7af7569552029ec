package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// HTTP3 asks over TLS, and where the answer advertises HTTP/3 it goes there, with
// requests like those of [H2C]: many at a time on one connection. A request that the
// server has rejected with H3_REQUEST_REJECTED was not looked at (RFC 9114, section
// 4.1.1), so it is sent again elsewhere and is not lost. It accepts any certificate.
func HTTP3(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, overTLS(dial), t}
	var group sync.WaitGroup
	for range 3 {
		group.Go(c.http3)
	}
	group.Go(func() { // asks and goes nowhere
		for !c.done() {
			c.alternative()
			c.pause(thinkTime())
		}
	})
	group.Wait()
}

// http3 is one client: one connection at a time.
func (c *client) http3() {
	for ; !c.done(); c.pause(retryPause) {
		addr := c.alternative()
		if addr == "" {
			continue
		}
		ctx, cancel := c.attempt()
		conn, err := quic.DialAddr(ctx, addr, anyCertificate(http3.NextProtoH3), &quic.Config{MaxIdleTimeout: patience / 2, KeepAlivePeriod: time.Second})
		cancel()
		if err != nil {
			c.t.Lose(unreached(err))
			continue
		}
		c.overQUIC(new(http3.Transport).NewClientConn(conn))
	}
}

// alternative sends a request over TLS, and returns the server's address if HTTP/3 is
// advertised there, else "".
func (c *client) alternative() (addr string) {
	transport := &http.Transport{DisableKeepAlives: true, DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := c.dial(ctx)
		if err == nil {
			addr = conn.RemoteAddr().String()
		}
		return conn, err
	}}
	ctx, cancel := c.attempt()
	defer cancel()
	answer, err := echoed(ctx, transport, 0)
	switch c.t.End(err); {
	case err != nil:
		return ""
	case !strings.Contains(answer.Get("Alt-Svc"), "h3="):
		c.t.AskedToLeave("no Alt-Svc")
		return ""
	}
	return addr
}

// overQUIC uses a connection until the server asks to leave it.
func (c *client) overQUIC(conn *http3.ClientConn) {
	defer conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() { c.http3Requests(conn, time.Duration(i/4)*50*time.Millisecond) })
	}
	group.Wait()
	if !c.done() {
		c.t.AskedToLeave("GOAWAY")
	}
}

func (c *client) http3Requests(conn *http3.ClientConn, slowly time.Duration) {
	for !c.done() {
		ctx, cancel := c.attempt()
		_, err := echoed(ctx, conn, slowly)
		cancel()
		if notProcessed(err) {
			return
		}
		c.t.End(err)
		if err != nil {
			return
		}
		c.pause(thinkTime())
	}
}

// notProcessed reports whether a request was rejected, or never sent because of a
// GOAWAY, for which quic-go has no error of a type.
func notProcessed(err error) bool {
	if rejected, is := errors.AsType[*http3.Error](err); is {
		return rejected.ErrorCode == http3.ErrCodeRequestRejected
	}
	return err != nil && strings.Contains(err.Error(), "connection in graceful shutdown")
}

// echoed sends a body that cannot be sent twice and wants it back. It returns the
// header of the answer.
func echoed(ctx context.Context, over http.RoundTripper, slowly time.Duration) (http.Header, error) {
	text := io.Reader(&trickle{strings.NewReader(body), slowly})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://load/", text)
	if err != nil {
		return nil, err
	}
	r.ContentLength = int64(len(body))
	res, err := over.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode >= 300:
		return nil, lostBy(fmt.Sprint("status-", res.StatusCode), nil)
	case string(answer) != body:
		return nil, lostBy("wrong-answer", fmt.Errorf("%q", answer))
	}
	return res.Header, nil
}
