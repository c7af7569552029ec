// Package unhandled is the first lesson: a server with no signal handling.
// SIGTERM ends the process in the middle of its requests.
package unhandled

import (
	"net/http"

	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// Main serves on addr until the process is killed.
func Main(addr string) error {
	return http.ListenAndServe(addr, hello.Handler)
}
