package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// hello is as little as an answer can be. It reads the body first, so that a
// POST is complete.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "ok")
})

// site is the handler of every HTTP server here. place shows clients which server
// answered: "here" is the one that is to terminate, "elsewhere" the other one.
//
// The handlers of long requests end when they are asked to. Most peers have no way to
// ask a handler, and then the request is cut.
func site(place string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, place)
	})
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).Flush()
		select {}
	})
	mux.HandleFunc("/events", events)
	mux.HandleFunc("/websocket", echoWebSocket)
	return mux
}

// beat is how often a long-lived stream sends something.
const beat = 20 * time.Millisecond

// slow takes as long as it is asked to, also if its client has closed the connection. It
// sends its headers at once, and so does /stuck.
func slow(w http.ResponseWriter, r *http.Request) {
	wait, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.NewResponseController(w).Flush()
	time.Sleep(wait)
	io.WriteString(w, "ok")
}

// events are server-sent events until the server asks the handler to leave, or the client
// closes the connection.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for n := 0; ; n++ {
		fmt.Fprintf(w, "data: %d\n\n", n)
		if out.Flush() != nil {
			return
		}
		select {
		case <-beats.C:
		case <-leaving(r.Context()):
			io.WriteString(w, "event: end\ndata:\n\n")
			return
		case <-r.Context().Done():
			return
		}
	}
}

// echoWebSocket returns what it receives until the server asks it to leave: then it closes
// with 1001, going away.
func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // the client has an error response
	}
	defer c.CloseNow()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-leaving(r.Context()):
			c.Close(websocket.StatusGoingAway, "")
		case <-done:
		}
	}()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if c.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}
