package pod

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name    string
		given   string
		command []string
		args    []string
		want    string
	}{
		{name: "as given", given: "server -v", want: "server -v"},
		{name: "the manifest's args", given: "server", args: []string{"-port", "80"}, want: "server -port 80"},
		{name: "of a script", given: "node app.js", args: []string{"-port", "80"}, want: "node app.js -port 80"},
		{name: "not twice", given: "server serve", args: []string{"serve"}, want: "server serve"},
		{name: "not beside options of its own", given: "server -v", args: []string{"-port", "80"}, want: "server -v"},
		{name: "not of another command", given: "server", command: []string{"/srv"}, args: []string{"-port", "80"}, want: "server"},
		{name: "expanded", given: "server -name=$(NAME)", want: "server -name=web-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := manifest.Pod{Command: test.command, Args: test.args, Env: []manifest.Env{{Name: "NAME", FieldPath: "metadata.name"}}}
			pl, err := newPlan(&Config{Name: "web-1", Command: strings.Fields(test.given), Spec: spec}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(pl.argv, " "); got != test.want {
				t.Errorf("command %q, want %q", got, test.want)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	cfg := Config{
		Name: "web-1", Namespace: "shop", Node: "node-2", Command: []string{"server"},
		IP: netip.MustParseAddr("10.244.0.5"), HostIP: netip.MustParseAddr("10.0.0.2"),
		Spec: manifest.Pod{
			Labels: map[string]string{"app": "web"},
			Env: []manifest.Env{
				{Name: "GREETING", Value: "hello"},
				{Name: "NAME", FieldPath: "metadata.name"},
				{Name: "NAMESPACE", FieldPath: "metadata.namespace"},
				{Name: "IP", FieldPath: "status.podIP"},
				{Name: "HOST", FieldPath: "status.hostIP"},
				{Name: "NODE", FieldPath: "spec.nodeName"},
				{Name: "APP", FieldPath: "metadata.labels['app']"},
				{Name: "URL", Value: "http://$(IP):80/$(LATER)"},
				{Name: "LATER", Value: "x"},
			},
		},
	}
	pl, err := newPlan(&cfg, []string{"HOME=/root", "GREETING=ours"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"HOME=/root", "GREETING=ours", "HOSTNAME=web-1", "GREETING=hello", "NAME=web-1", "NAMESPACE=shop",
		"IP=10.244.0.5", "HOST=10.0.0.2", "NODE=node-2", "APP=web", "URL=http://10.244.0.5:80/$(LATER)", "LATER=x",
	}
	if diff := cmp.Diff(want, pl.env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	vars := []variable{{"A", "one"}, {"B", "$(A)"}, {"A", "two"}}
	for in, want := range map[string]string{
		"":           "",
		"plain":      "plain",
		"$(A)":       "two",
		"x$(A)y$(A)": "xtwoytwo",
		"$(B)":       "$(A)", // an inserted value is not expanded again
		"$(C)":       "$(C)",
		"$$(A)":      "$(A)",
		"$$$(A)":     "$two",
		"$A ${A} $":  "$A ${A} $",
		"$(A":        "$(A",
	} {
		if got := expand(in, vars); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCannotBePlanned(t *testing.T) {
	get := func(port manifest.PortRef) *manifest.Probe {
		return &manifest.Probe{Handler: manifest.Handler{HTTP: &manifest.HTTPGet{Port: port}}}
	}
	tests := []struct {
		spec manifest.Pod
		want string
	}{
		{manifest.Pod{Readiness: get(manifest.PortRef{Name: "http"})}, `readiness probe: the container has no port named "http"`},
		{manifest.Pod{Liveness: &manifest.Probe{Handler: manifest.Handler{GRPC: &manifest.GRPC{}}}}, "liveness probe: grpc probes are not supported in the lab"},
		{manifest.Pod{Startup: &manifest.Probe{}}, "startup probe: the handler is empty: set exec, httpGet, tcpSocket or sleep"},
		{manifest.Pod{Startup: &manifest.Probe{Handler: *sleepHook(1)}}, "startup probe: a probe cannot sleep"},
		{manifest.Pod{StopSignal: "TERM"}, `lifecycle.stopSignal: unknown signal "TERM"`},
		{manifest.Pod{Env: []manifest.Env{{Name: "X", FieldPath: "status.phase"}}}, `env X: a pod of the lab has no field "status.phase"`},
	}
	for _, test := range tests {
		_, err := newPlan(&Config{Command: []string{"server"}, Spec: test.spec}, nil)
		if err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
	if _, err := newPlan(&Config{}, nil); hint.Of(err) == "" {
		t.Errorf("no command: error %v has no hint", err)
	}
}

func TestTally(t *testing.T) {
	tests := []struct {
		name    string
		tally   tally
		results string // + success, - failure
		want    string // . no change
	}{
		{"the first success counts", tally{successes: 1, failures: 3}, "+++", "+.."},
		{"three failures in a row", tally{successes: 1, failures: 3}, "+--+---+", "+.....-+"},
		{"two successes in a row", tally{successes: 2, failures: 1}, "+-++-", ".-.+-"},
		{"failing from the start", tally{successes: 1, failures: 3}, "----", "..-."},
		{"a success from the start", tally{successes: 1, failures: 2, ok: true, decided: true}, "++--", "...-"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got strings.Builder
			for _, r := range test.results {
				if ok := r == '+'; test.tally.add(ok) {
					got.WriteRune(r)
				} else {
					got.WriteByte('.')
				}
			}
			if got.String() != test.want {
				t.Errorf("%s gave %s, want %s", test.results, &got, test.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	var log strings.Builder
	l := newLines("web-1", &log)
	for _, s := range []string{"one\ntw", "o\n\nth", "ree"} {
		if n, err := l.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got, want := log.String(), "web-1 | one\nweb-1 | two\nweb-1 | \n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}
	if got, want := l.last(), []string{"one", "two", "", "three"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestLinesAreBounded(t *testing.T) {
	l := newLines("web-1", nil)
	l.Write([]byte(strings.Repeat("x", 3*maxLine)))
	for range 2 * keptLines {
		l.Write([]byte("line\n"))
	}
	last := l.last()
	if len(last) != keptLines || last[0] != "line" {
		t.Errorf("kept %d lines, the first is %.20q", len(last), last[0])
	}
	l.Write([]byte(strings.Repeat("y", 10*maxLine)))
	for _, line := range l.last() {
		if len(line) > maxLine {
			t.Errorf("kept a line of %d bytes", len(line))
		}
	}
}
