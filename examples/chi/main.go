// Command chi is a chi router: any http.Handler is served the same way.
package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer)
	r.Get("/ready", lameduck.Ready)
	r.Get("/events", events)
	r.Post("/", echo)

	if err := lameduck.ListenAndServe(*addr, r); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// echo answers with what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

// events is a stream that ends with a reconnect event when it is asked to leave.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
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
		case <-r.Context().Done():
			return
		}
	}
}
