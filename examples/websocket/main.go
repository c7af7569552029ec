// Command websocket echoes messages, and ends each connection with close code
// 1001 when it is asked to leave.
package main

import (
	"context"
	"flag"
	"log/slog"
	"net/http"
	"os"

	"github.com/coder/websocket"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("GET /echo", echo)

	if err := lameduck.ListenAndServe(*addr, nil); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// echo sends its close frame between two messages: whatever it has read it has
// answered, so a client may send what was not answered once more, elsewhere.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	messages := read(r.Context(), c)
	for {
		select {
		case m, ok := <-messages:
			if !ok || c.Write(r.Context(), m.kind, m.text) != nil {
				return
			}
		case <-lameduck.Draining(r.Context()):
			c.Close(websocket.StatusGoingAway, "terminating") // and waits for the peer's
			return
		}
	}
}

type message struct {
	kind websocket.MessageType
	text []byte
}

// read hands out the messages that come, until the connection or ctx ends.
func read(ctx context.Context, c *websocket.Conn) <-chan message {
	messages := make(chan message)
	go func() {
		defer close(messages)
		for {
			kind, text, err := c.Read(ctx)
			if err != nil {
				return
			}
			select {
			case messages <- message{kind, text}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return messages
}
