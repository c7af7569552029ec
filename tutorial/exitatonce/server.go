// Package exitatonce is the first lesson: a server with no signal handling.
// SIGTERM ends it in the middle of whatever it is doing.
package exitatonce

import (
	"net/http"

	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// Main serves on addr until it is killed.
func Main(addr string) error {
	return http.ListenAndServe(addr, hello.Handler)
}
