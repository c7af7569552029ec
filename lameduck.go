package lameduck

import (
	"context"
	"net/http"
)

// ListenAndServe serves handler on the TCP address addr (":http" if empty)
// until SIGTERM or SIGINT, then terminates without dropping a connection and
// returns. It is [Process.RunUntilSignal] of a Process with one server and
// the default clocks: nil means that nothing was cut. If handler is nil,
// http.DefaultServeMux is used.
func ListenAndServe(addr string, handler http.Handler) error {
	var p Process
	p.AddHTTP(&http.Server{Addr: addr, Handler: handler})
	return p.RunUntilSignal(context.Background())
}
