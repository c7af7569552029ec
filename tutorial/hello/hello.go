// Package hello is what all servers of the tutorial serve: a greeting that
// takes some work, as a real answer does.
package hello

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

// Work is how long an answer takes.
const Work = 50 * time.Millisecond

// Handler answers hello.
var Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	time.Sleep(Work)
	host, _ := os.Hostname()
	fmt.Fprintf(w, "Hello! I am here! - %s\n", host)
})
