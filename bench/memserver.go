package main

import (
	"context"
	"errors"
	"net/http"
)

// A memServer serves connections in memory: bare net/http, or ours.
type memServer struct {
	*memListener
	http  *http.Server
	close func() error
}

// newMemServer starts a server for h. Its close ends it; no connection may
// be open then.
func newMemServer(kind string, h http.Handler) *memServer {
	s := &memServer{memListener: newMemListener(), http: &http.Server{Handler: h}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	if kind == ours {
		p := newProcess()
		p.Delay, p.Quiet, p.Spread = -1, -1, -1
		p.AddHTTP(s.http, s.memListener)
		go func() { ended <- p.Run(ctx) }()
	} else {
		go func() { ended <- s.http.Serve(s.memListener) }()
	}
	s.close = func() error {
		cancel()
		if kind != ours {
			s.http.Close()
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return s
}
