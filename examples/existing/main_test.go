package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) {
	trial.Terminate(t, load.HTTP, "-internal", "127.0.0.1:0")
}

// The hooks that were there before see every connection, also on the second
// listener, and their values are in the contexts of requests.
func TestOwnHooks(t *testing.T) {
	internal := trial.FreeAddr(t)
	p := trial.Start(t, "-internal", internal)
	if n := openConnections(t, internal); n != 1 {
		t.Errorf("ConnState counts %d open connections, want that of the question", n)
	}
	breakOff(t, p.Addr)
	p.Log.Await(t, "a request broke off")
	if !strings.Contains(p.Log.String(), "at="+p.Addr) || strings.Contains(p.Log.String(), "connection=<nil>") {
		t.Errorf("the values of BaseContext and ConnContext are missing:\n%s", p.Log)
	}
}

func openConnections(t *testing.T, addr string) int {
	res, err := http.Get("http://" + addr + "/debug/vars")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var vars struct{ Connections int }
	if err := json.NewDecoder(res.Body).Decode(&vars); err != nil {
		t.Fatal(err)
	}
	return vars.Connections
}
