// Command server is a server under trial: one program with many ways to terminate. It
// counts its requests, so that a test can compare the load generator's counts with the
// server's own.
//
//	server NAME         or SERVER=NAME; it serves on :8080, or on :PORT
//
// Every server answers / with its pod's name in the header X-Pod-Name, /alive,
// /ready, /prestop and /counts. GET /counts answers with one line of JSON, and
// a server that ends by itself prints that line to its standard output as the
// last thing it does. One that is killed prints nothing.
package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	name := os.Getenv("SERVER")
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	os.Exit(run(name, ":"+cmp.Or(os.Getenv("PORT"), "8080")))
}

// run serves as the server called name until that ends, and returns the exit
// code: 0 as it should, 1 with an error, 2 no such server.
func run(name, addr string) int {
	serve, ok := servers()[name]
	if !ok {
		names := strings.Join(slices.Sorted(maps.Keys(servers())), ", ")
		fmt.Fprintf(os.Stderr, "server: no server is called %q\nhint: server NAME, with one of %s\n", name, names)
		return 2
	}
	c := newCounts(name, os.Stdout)
	err := serve(addr, c)
	c.printLast()
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		return 1
	}
	return 0
}
