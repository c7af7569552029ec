// Package shutdown is the second lesson: http.Server.Shutdown at the stop
// signal, as its documentation shows. Clients go on coming for a while, and
// no listener is left.
package shutdown

import (
	"context"
	"net/http"
	"os/signal"
	"syscall"

	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// Main serves on addr until SIGTERM.
func Main(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	server := &http.Server{Addr: addr, Handler: hello.Handler}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.Background())
	}
}
