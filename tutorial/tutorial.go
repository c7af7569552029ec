// Package tutorial lists the servers of the lessons. The tool's demo runs
// them side by side; by hand it is
//
//	go run ./tutorial/serve NAME
package tutorial

import (
	"github.com/lameduck-dev/lameduck/tutorial/drain"
	"github.com/lameduck-dev/lameduck/tutorial/exitatonce"
	"github.com/lameduck-dev/lameduck/tutorial/shutdown"
	"github.com/lameduck-dev/lameduck/tutorial/sleepexit"
)

// A Server is one lesson's program.
type Server struct {
	Name    string
	Summary string
	Main    func(addr string) error
}

// Servers are the four, in the order of the lessons.
var Servers = []Server{
	{"default", "no signal handling", exitatonce.Main},
	{"shutdown", "http.Server.Shutdown at the stop signal", shutdown.Main},
	{"sleep-exit", "serve 10 s more, then exit", sleepexit.Main},
	{"lameduck", "lameduck.ListenAndServe", drain.Main},
}
