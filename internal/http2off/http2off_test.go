//go:debug http2server=0

// Package http2off tests the library in a program that switches HTTP/2 off by a
// //go:debug line, which holds for a whole program: here for this test.
package http2off

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lameduck-dev/lameduck"
)

// A client that offers HTTP/2 first is served, with HTTP/1.1, as by net/http.
func TestGoDebugLineSwitchesHTTP2Off(t *testing.T) {
	// For its certificate, and a client that trusts that.
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	other.EnableHTTP2 = true
	other.StartTLS()
	defer other.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &lameduck.Process{Delay: -1, Quiet: -1, Spread: -1}
	p.AddHTTP(&http.Server{TLSConfig: other.TLS.Clone(), Handler: other.Config.Handler}, l)
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if res, err := other.Client().Get("https://" + l.Addr().String()); err != nil {
		t.Error(err)
	} else if res.Body.Close(); res.StatusCode != http.StatusOK || res.ProtoMajor != 1 {
		t.Errorf("%s %s, want HTTP/1.1 200 OK", res.Proto, res.Status)
	}
	other.Client().CloseIdleConnections()
	terminate()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
