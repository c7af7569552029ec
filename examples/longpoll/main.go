// Command longpoll answers when there is news, and without news when it is asked to leave:
// the client asks again, on a new connection.
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
	http.HandleFunc("GET /news", news)

	if err := lameduck.ListenAndServe(*addr, nil); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// every is how often there is news: the number of the current tenth of a
// second, by which all instances agree on what is new.
const every = 100 * time.Millisecond

// news answers with what is newer than after, in at most 30 s.
func news(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64)
	tooLong := time.After(30 * time.Second)
	for {
		latest := time.Now().UnixNano() / int64(every)
		if latest > after {
			fmt.Fprintln(w, latest)
			return
		}
		select {
		case <-time.After(time.Until(time.Unix(0, (latest+1)*int64(every)))):
		case <-lameduck.Draining(r.Context()):
			w.WriteHeader(http.StatusNoContent)
			return
		case <-tooLong:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		}
	}
}
