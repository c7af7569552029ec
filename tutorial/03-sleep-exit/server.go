// Package sleepexit is the third lesson: serve on for a while after the stop
// signal, then exit. New connections are safe. Those that are open at the
// end are cut, and the requests on them are lost.
package sleepexit

import (
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// Main serves on addr until 10 s after SIGTERM.
func Main(addr string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		time.Sleep(10 * time.Second)
		os.Exit(0)
	}()
	return http.ListenAndServe(addr, hello.Handler)
}
