// Package drain is the fourth lesson: serve on, ask every client to leave,
// finish what is in flight, and only then exit.
package drain

import (
	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/tutorial/hello"
)

// Main serves on addr until SIGTERM, and drains.
func Main(addr string) error {
	return lameduck.ListenAndServe(addr, hello.Handler)
}
