package e2e

import (
	"testing"
)

// rate is small: many trials share the machine, and what is looked for lasts.
const rate = "--rate=50"

// serverCase is a server, and what a rolling update of it has to find.
type serverCase struct {
	app
	finds []string
}

func serverCases() []serverCase {
	return []serverCase{
		{server("default"), []string{"exits-at-once"}},
		{server("shutdown"), []string{"closes-its-listener-too-early"}},
		{server("sleep-exit"), []string{"cuts-keep-alive-at-exit"}},
		{server("lameduck"), nil},
		{server("origin"), []string{"cuts-keep-alive-at-exit"}},
		// From outside it is not known whether process 1 has a handler: the finding names both.
		{app{name: "hang", args: []string{"hang"}, grace: 8}, []string{"ignores-the-signal"}},
		{app{name: "ignore", args: []string{"ignore"}, grace: 8}, []string{"ignores-the-signal"}},
		{app{name: "prestop-sleep", args: []string{"lameduck"}, preStop: "{sleep: {seconds: 5}}"}, nil},
		{app{name: "prestop-http", args: []string{"lameduck"}, preStop: "{httpGet: {path: /prestop, port: http}}"}, nil},
		{app{name: "default-behind-sleep", args: []string{"default"}, preStop: "{sleep: {seconds: 5}}"}, []string{"cuts-keep-alive-at-exit"}},
		{app{name: "python", image: "localhost/lameduck/python:1", preStop: "{sleep: {seconds: 5}}"}, nil},
	}
}

// TestServers: a rolling update of each server, and the cause of what it
// drops, which is that of the table in docs/LAB_AND_CLUSTER.md.
func TestServers(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, tt := range serverCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newNamespace(t, w)
			s.deploy(tt.app)
			r := s.verifyFinds(tt.finds, "deploy/"+tt.name, "--workers=1", rate)
			r.wantTable(t, tt.name)
		})
	}
}
