// Command sse sends server-sent events. A stream that is asked to leave ends
// with a reconnect event that has the delay in its retry field; the client comes back
// with the id of the last event, and goes on with the next.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("GET /events", events)

	if err := lameduck.ListenAndServe(*addr, nil); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	id, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			id++
			fmt.Fprintf(w, "id: %d\ndata: %s\n\n", id, now.Format(time.RFC3339Nano))
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		case <-lameduck.Draining(r.Context()):
			fmt.Fprint(w, "event: reconnect\nretry: 100\ndata: come back in 100 ms\n\n")
			return
		case <-r.Context().Done(): // the client has gone, or the grace period is over
			return
		}
	}
}
