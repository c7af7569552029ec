// Command echo is an Echo router, served in place of its own Start.
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

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	e := echo.New()
	e.Use(middleware.Recover(), middleware.BodyLimit(1<<20))
	e.GET("/ready", echo.WrapHandler(http.HandlerFunc(lameduck.Ready)))
	e.GET("/events", events)
	e.POST("/", repeat)

	if err := lameduck.ListenAndServe(*addr, e); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// repeat answers with what it is sent.
func repeat(c *echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextPlain, body)
}

// events is a stream that ends with a reconnect event when it is asked to leave.
func events(c *echo.Context) error {
	r, w := c.Request(), c.Response()
	w.Header().Set(echo.HeaderContentType, "text/event-stream")
	id, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			id++
			fmt.Fprintf(w, "id: %d\ndata: %s\n\n", id, now.Format(time.RFC3339Nano))
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
		case <-lameduck.Draining(r.Context()):
			_, err := fmt.Fprint(w, "event: reconnect\nretry: 100\ndata: come back in 100 ms\n\n")
			return err
		case <-r.Context().Done():
			return nil
		}
	}
}
