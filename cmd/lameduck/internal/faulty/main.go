// Command faulty is servers that each have one fault, on purpose, and a few
// that have none. The end-to-end tests run them under the tool, as processes,
// to see that it finds this fault and no other.
package main

import (
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

// servers by the name of their fault. Each serves until it ends the process,
// or returns what went wrong. The arguments are what follows the name.
var servers = map[string]func(args []string) error{
	"clean":                         clean,
	"exits-at-once":                 exitsAtOnce,
	"ignores-the-signal":            ignoresTheSignal,
	"closes-its-listener-too-early": closesItsListenerTooEarly,
	"cuts-keep-alive-at-exit":       cutsKeepAliveAtExit,
	"cuts-in-flight-at-exit":        cutsInFlightAtExit,
	"cuts-uploads-at-exit":          cutsUploadsAtExit,
	"cuts-downloads-at-exit":        cutsDownloadsAtExit,
	"leaves-too-soon":               leavesTooSoon,
	"keeps-serving":                 keepsServing,
	"finishes-on-quit":              finishesOnQuit,
	"starts-slowly":                 startsSlowly,
	"starts-only-once":              startsOnlyOnce,
	"stops-accepting":               stopsAccepting,
	"killed-holding":                killedHolding,
	"listens-on":                    listensOn,
	"responds-with":                 respondsWith,
	"fails":                         fails,
	"idles":                         idles,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || servers[os.Args[1]] == nil {
		log.Fatalf("usage: faulty %s", strings.Join(slices.Sorted(maps.Keys(servers)), "|"))
	}
	if err := servers[os.Args[1]](os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}
