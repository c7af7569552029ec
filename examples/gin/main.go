// Command gin is a gin engine, served in place of its own Run.
package main

import (
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gin-contrib/sse"
	"github.com/gin-gonic/gin"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	r.GET("/ready", gin.WrapF(lameduck.Ready))
	r.GET("/events", events)
	r.POST("/", echo)

	if err := lameduck.ListenAndServe(*addr, r); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// echo answers with what it is sent.
func echo(c *gin.Context) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 1<<20))
	if err != nil {
		c.String(http.StatusBadRequest, err.Error())
		return
	}
	c.Data(http.StatusOK, "text/plain", body)
}

// events is a stream that ends with a reconnect event when it is asked to leave.
func events(c *gin.Context) {
	id, _ := strconv.Atoi(c.GetHeader("Last-Event-ID"))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	c.Stream(func(io.Writer) bool { // until false, or the client has gone
		select {
		case now := <-tick.C:
			id++
			c.Render(-1, sse.Event{Id: strconv.Itoa(id), Data: now.Format(time.RFC3339Nano)})
			return true
		case <-lameduck.Draining(c.Request.Context()):
			c.Render(-1, sse.Event{Event: "reconnect", Retry: 100, Data: "come back in 100 ms"})
			return false
		}
	})
}
