package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

type listenerKey struct{} // keys of a request's context
type connectionKey struct{}

// listener is the server's BaseContext: it notes where requests come in.
func listener(l net.Listener) context.Context {
	return context.WithValue(context.Background(), listenerKey{}, l.Addr().String())
}

var number atomic.Int64

// connection is the server's ConnContext: it numbers the connections.
func connection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, number.Add(1))
}

var open atomic.Int64 // connections

// count is the server's ConnState.
func count(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		open.Add(1)
	case http.StateClosed, http.StateHijacked:
		open.Add(-1)
	}
}

func connections(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, open.Load(), "open")
}

// only is h for requests that come in on l.
func only(l net.Listener, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(listenerKey{}) != l.Addr().String() {
			http.NotFound(w, r)
			return
		}
		h(w, r)
	}
}
