// Command faulty is servers that each have one fault, on purpose, and a few
// that have none. The end-to-end tests run them under the tool, as processes,
// to see that it finds this fault and no other.
package main

import (
	"cmp"
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// servers by the name of their fault. Each serves until it ends the process,
// or returns what went wrong. The arguments are what follows the name.
var servers = map[string]func(args []string) error{
	"clean":                         clean,
	"exits-at-once":                 exitsAtOnce,
	"ignores-the-signal":            ignoresTheSignal,
	"closes-its-listener-too-early": closesItsListenerTooEarly,
	"cuts-keep-alive-at-exit":       cutsKeepAliveAtExit,
	"cuts-in-flight-at-exit":        cutsInFlightAtExit,
	"cuts-uploads-at-exit":          cutsUploadsAtExit,
	"cuts-downloads-at-exit":        cutsDownloadsAtExit,
	"leaves-too-soon":               leavesTooSoon,
	"keeps-serving":                 keepsServing,
	"starts-slowly":                 startsSlowly,
	"starts-only-once":              startsOnlyOnce,
	"stops-accepting":               stopsAccepting,
	"killed-holding":                killedHolding,
	"listens-on":                    listensOn,
	"responds-with":                 respondsWith,
	"fails":                         fails,
	"idles":                         idles,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || servers[os.Args[1]] == nil {
		log.Fatalf("usage: faulty %s", strings.Join(slices.Sorted(maps.Keys(servers)), "|"))
	}
	if err := servers[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

// work is how long a request takes: there is always one in flight.
const work = 50 * time.Millisecond

func answer(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(work)
	fmt.Fprintln(w, "hello")
}

// addr is the port that the lab gives where it has no namespaces, or :8080.
func addr() string { return ":" + cmp.Or(os.Getenv("PORT"), "8080") }

func newServer(h http.HandlerFunc) *http.Server { return &http.Server{Addr: addr(), Handler: h} }

// listenAndServe serves with TLS if the last argument is "tls".
func listenAndServe(s *http.Server) error {
	if os.Args[len(os.Args)-1] != "tls" {
		return s.ListenAndServe()
	}
	s.TLSConfig = secure()
	return s.ListenAndServeTLS("", "")
}

// onTerm calls f when the stop signal comes.
func onTerm(f func()) {
	signalled := make(chan os.Signal, 1)
	signal.Notify(signalled, syscall.SIGTERM)
	go func() {
		<-signalled
		f()
	}()
}

// closeHandler is a handler that sends Connection: close after the stop signal.
type closeHandler struct{ leaving atomic.Bool }

func (g *closeHandler) answer(w http.ResponseWriter, r *http.Request) {
	g.close(w)
	answer(w, r)
}

func (g *closeHandler) close(w http.ResponseWriter) {
	if g.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
}
