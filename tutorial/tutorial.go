// Package tutorial lists the servers of the lessons. The tool's demo runs
// them side by side; by hand it is
//
//	go run ./tutorial/serve NAME
package tutorial

import (
	unhandled "github.com/lameduck-dev/lameduck/tutorial/01-default"
	shutdown "github.com/lameduck-dev/lameduck/tutorial/02-shutdown"
	sleepexit "github.com/lameduck-dev/lameduck/tutorial/03-sleep-exit"
	drain "github.com/lameduck-dev/lameduck/tutorial/04-lameduck"
)

// A Server is one lesson's program.
type Server struct {
	Name    string // that of its folder, after the number
	Summary string
	Main    func(addr string) error
}

// Servers are the four, in the order of the lessons.
var Servers = []Server{
	{"default", "no signal handling", unhandled.Main},
	{"shutdown", "http.Server.Shutdown at the stop signal", shutdown.Main},
	{"sleep-exit", "serve 10 s more, then exit", sleepexit.Main},
	{"lameduck", "lameduck.ListenAndServe", drain.Main},
}
