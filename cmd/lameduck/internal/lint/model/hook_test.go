package model

import (
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// TestHookTime has what a hook runs, and how long that takes at least, if all goes well,
// and whether something else runs.
func TestHookTime(t *testing.T) {
	for _, tt := range []struct {
		command          string // YAML
		atLeast, planned int
		open             bool
	}{
		{`[sleep, "30"]`, 30, 30, false},
		{`[/bin/sleep, "30s"]`, 30, 30, false},
		{`[/usr/bin/sleep, 1m, "10"]`, 70, 70, false},
		{`[sleep, "0.5m"]`, 30, 30, false},
		{`[sleep, 1h, 1d]`, 90000, 90000, false},
		{`[sleep]`, 0, 0, false},
		{`[/bin/sh/, -c, sleep 10m]`, 0, 0, false},
		{`[sleep, NaN]`, 0, 0, false},
		{`[sleep, "30; exit"]`, 0, 0, false},
		{`[sleep, infinity]`, script.Endless, script.Endless, false},
		{`[busybox, sleep, "5"]`, 5, 5, false},
		{`[env, A=b, sleep, "5"]`, 5, 5, false},
		{`[timeout, "10", sleep, "60"]`, 10, 10, false},
		{`[timeout, -s, KILL, 10s, nginx, -s, quit]`, 0, 0, true},
		{`[sh, -c, sleep 30]`, 30, 30, false},
		{`[/bin/sh, -c, "sleep 30;"]`, 30, 30, false},
		{`[/bin/bash, -ec, "sleep 5 && sleep 6"]`, 11, 11, false},
		{`[/bin/bash, -e, -u, -c, "exec sleep 5; sleep 7"]`, 5, 5, false},
		{`[sh, -c, "sleep 5 & sleep 3"]`, 3, 3, false},
		{`[sh, -c, "sleep 5 & sleep 3; wait"]`, 8, 8, false},
		{`[sh, -c, "sleep 5 | sleep 7"]`, 7, 7, false},
		{`[sh, -c, "sleep 5 || sleep 7"]`, 5, 5, true},
		{`[sh, -c, "sleep 5 || true"]`, 5, 5, false},
		{`[sh, -c, "nginx -s quit; sleep 60"]`, 0, 0, true}, // the hook ends with the server
		{`[sh, -c, "sleep 4; kill -TERM 1; sleep 60"]`, 4, 4, true},
		{`[sh, -c, "while kill -0 1; do sleep 1; done; sleep 5"]`, 0, 5, true},
		{`[sh, -c, "sleep 5; /usr/sbin/nginx -s quit"]`, 5, 5, true},
		{`[sh, -c, "drain && sleep 5 && sleep 6"]`, 0, 11, true},
		{`[sh, -c, "drain; sleep 5"]`, 0, 5, true},
		{`[sh, -ec, "[ -d /x ]; sleep 5"]`, 0, 5, false},
		{`[sh, -c, "set -e\n[ -d /x ]\nsleep 5"]`, 0, 5, false},
		{`[sh, -c, "echo 'bye; sleep 9' >/proc/1/fd/1 2>&1; sleep 5 2>/dev/null"]`, 5, 5, false},
		{`[sh, -c, "# sleep 9\nsleep 5 # sleep 8\n"]`, 5, 5, false},
		{`[sh, -c, "sleep $DELAY"]`, 12, 12, false},
		{`[sh, -c, "sleep \"${DELAY}\""]`, 12, 12, false},
		{`[sh, -c, "sleep ${OTHER:-7}"]`, 7, 7, false},
		{`[sh, -c, "sleep $OTHER"]`, 0, 0, true},
		{`[sh, -c, "N=4; sleep $N"]`, 4, 4, false},
		{`[sh, -c, "N=4 sleep 3"]`, 3, 3, false},
		{`[sh, -c, "sleep $FROM_MAP"]`, 45, 45, false},
		{`[sh, -c, "sleep $PREFIX_seconds"]`, 45, 45, false},
		{`[sh, -c, "sleep $SECRET"]`, 6, 6, false},
		{`[sh, -c, "sleep $((DELAY + 1))"]`, 13, 13, false},
		{`[sh, -c, "sleep $(( $DELAY * 2 ))"]`, 24, 24, false},
		{`[sh, -c, "N=$((20+20)); sleep $N"]`, 40, 40, false},
		{`[sh, -c, "sleep $((OTHER + 1))"]`, 0, 0, true},
		{`[sh, -c, "sleep $((1 / 0))"]`, 0, 0, true},
		{`[sh, -c, "N=5; if test -f /x; then N=40; fi; sleep $N"]`, 0, 0, true},
		{`[sh, -c, "N=5; [ -f /x ] && N=40; sleep $N"]`, 0, 0, true},
		{`[sh, -c, "N=5; [ -f /x ] || N=40; sleep $N"]`, 0, 0, true},
		{`[sh, -c, "true && N=5; sleep $N"]`, 5, 5, false},
		{`[sh, -c, "DELAY=$((DELAY+1)); sleep $DELAY"]`, 13, 13, false},
		{`[sh, -c, "sleep 5 & sleep 40 & wait $!"]`, 0, 40, false},
		{`[tail, -f, /dev/null]`, script.Endless, script.Endless, false},
		{`[tail, -n, "5", /x]`, 0, 0, false},
		{`[tail, --follow=name, /x]`, script.Endless, script.Endless, false},
		{`[timeout, "40", tail, -F, /x]`, 40, 40, false},
		{`[sh, -c, "tail -f /x | grep -q done; sleep 5"]`, 0, 5, true},
		{`[sh, -c, "sleep '$DELAY'"]`, 0, 0, false},
		{`[sleep, $(DELAY)]`, 0, 0, false}, // Kubernetes expands nothing in a hook
		{`[sleep, $DELAY]`, 0, 0, false},
		{`[sh, -c, "sleep $(DELAY)"]`, 0, 0, true},
		{`[sh, -c, "if [ -f /x ]; then sleep 5; else sleep 8; fi"]`, 5, 8, false},
		{`[sh, -c, "if nc -z x 1; then sleep 5; elif true; then sleep 6; fi"]`, 0, 6, true},
		{`[sh, -c, "[ -f /x ] && exit 0; sleep 5"]`, 0, 5, false},
		{`[sh, -c, "(sleep 5; sleep 1) && { sleep 2; }"]`, 6, 8, false},
		{`[sh, -c, "while pgrep nginx; do sleep 1; done"]`, 0, 0, true},
		{`[sh, -c, "sleep 4; until curl x; do sleep 1; done; sleep 5"]`, 4, 9, true},
		{`[sh, -c, "while true; do sleep 1; done"]`, script.Endless, script.Endless, false},
		{`[sh, -c, "while :; do test -f /x && break; sleep 1; done"]`, 0, 0, true},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do sleep 1; i=$((i+1)); done"]`, 20, 20, false},
		{`[sh, -c, "i=0; while test \"$i\" -le 20; do sleep 2; i=$(( $i + 2 )); done; sleep 1"]`, 23, 23, false},
		{`[sh, -c, "n=20; until [ $n -eq 0 ]; do n=$((n-1)); sleep 1; done"]`, 20, 20, false},
		{`[sh, -c, "i=0; while [ $i -lt $DELAY ]; do sleep 1; i=$((i+1)); done"]`, 12, 12, false},
		{`[bash, -c, "i=0; while [[ $i -lt 20 ]]; do sleep 1; ((i++)); done"]`, 20, 20, false},
		{`[bash, -c, "i=0; while (( i < 20 )); do sleep 1; let i+=1; done"]`, 20, 20, false},
		{`[bash, -c, "for ((i = 0; i < 20; i++)); do sleep 1; done"]`, 20, 20, false},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do sleep 1; i=$(expr $i + 1); done"]`, 20, 20, false},
		{`[sh, -c, "i=0; while [ $i != 20 ]; do sleep 1; i=` + "`expr $i + 1`" + `; done"]`, 20, 20, false},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do test -f /x && break; sleep 1; i=$((i+1)); done"]`, 0, 20, false},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do drain; sleep 1; i=$((i+1)); done"]`, 0, 20, true},
		{`[sh, -c, "i=0; while kill -0 7 && [ $i -lt 20 ]; do sleep 1; i=$((i+1)); done"]`, 0, 20, true},
		{`[sh, -c, "i=0; until [ $i -ge 20 ] || curl x; do sleep 1; i=$((i+1)); done"]`, 0, 20, true},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do sleep 1; done"]`, script.Endless, script.Endless, false},
		{`[sh, -c, "while [ $i -lt 20 ]; do sleep 1; i=$((i+1)); done"]`, 0, 0, true},
		{`[sh, -c, "i=0; while [ $i -lt 20 ]; do sleep 1; i=$(next); done"]`, 0, 0, true},
		{`[sh, -c, "i=0; while [ $i -lt 2 ]; do sleep 1; i=$((i+1)); done; sleep $i"]`, 4, 4, false},
		{`[sh, -c, "i=0; while [ $i -lt 2 ]; do if test -f /x; then break; fi; i=$((i+1)); done; sleep $i"]`, 0, 0, true},
		{`[sh, -c, "N=5; N=$(cat /n); sleep $N"]`, 0, 0, true},
		{`[sh, -c, "N=5; export N=4; sleep $N"]`, 4, 4, false},
		{`[bash, -c, "declare -i N=4; sleep $N"]`, 4, 4, false},
		{`[sh, -c, "N=4; export N; sleep $N"]`, 4, 4, false},
		{`[sh, -c, "export N=$(cat /n); sleep $N"]`, 0, 0, true},
		{`[sh, -c, "for i in $(seq 20); do sleep 1; done"]`, 20, 20, false},
		{`[sh, -c, "for i in ` + "`seq 1 20`" + `; do sleep 1; done"]`, 20, 20, false},
		{`[bash, -c, "for i in {1..20}; do sleep 1; done"]`, 20, 20, false},
		{`[sh, -c, "for i in $(seq 1 $DELAY); do sleep 1; done"]`, 12, 12, false},
		{`[sh, -c, "for i in $(seq 1 2 20); do sleep 1; done"]`, 10, 10, false},
		{`[sh, -c, "\"sleep 10\""]`, 0, 0, false}, // no program has that name
		{`[sh, -c, "for i in 1 2 3; do sleep 2; done"]`, 6, 6, false},
		{`[sh, -c, "for i in $(seq 1 30); do sleep 1; done"]`, 30, 30, false},
		{`[sh, -c, "for i in $(seq 1 30); do test -f /x && exit 0; sleep 1; done"]`, 0, 30, false},
		{`[sh, -c, "for i in {1..30}; do sleep 1; done"]`, 0, 0, true},
		{`[sh, -c, "case x in a) sleep 5;; esac"]`, 0, 0, true},
		{`[sh, -c, "stop() { sleep 5; }; stop"]`, 0, 0, true},
		{`[sh, -c, "cat <<EOF\nsleep 5\nEOF"]`, 0, 0, false},
		{`[sh, -c, "sleep 5 \"unclosed"]`, 0, 0, true},
		{`[sh, -c, "sh -c 'sleep 5'"]`, 5, 5, false},
		{`[sh, /scripts/stop.sh]`, 20, 20, true},
		{`[/scripts/stop.sh]`, 20, 20, true},
		{`[/scripts/other.sh]`, 0, 0, true},
		{`[sh, -c, "sleep 5; for i in ''; do sleep 1; done; for i in \"\"; do :; done"]`, 6, 6, false},
		{`[sh, -c, ""]`, 0, 0, false},
		{`[sh]`, 0, 0, true},
	} {
		h := hookOf(t, "exec: {command: "+tt.command+"}")
		if h.AtLeast != tt.atLeast || h.Planned != tt.planned || h.Open != tt.open {
			t.Errorf("%s: at least %d, planned %d, open %v; want %d, %d, %v",
				tt.command, h.AtLeast, h.Planned, h.Open, tt.atLeast, tt.planned, tt.open)
		}
	}
}

func TestHookOfOtherKinds(t *testing.T) {
	if h := hookOf(t, "sleep: {seconds: 7}"); h.AtLeast != 7 || h.Open {
		t.Errorf("sleep: %+v", h)
	}
	if h := hookOf(t, "httpGet: {port: 80}"); h.AtLeast != 0 || !h.Open {
		t.Errorf("httpGet: %+v", h)
	}
}

// hookOf reads a hook in a pod with an environment and a script.
func hookOf(t *testing.T, preStop string) *Hook {
	t.Helper()
	return podOf(t, "lifecycle: {preStop: {"+preStop+"}}").Containers[0].Hook()
}

// podOf is a pod with one container that has the fields, with an environment and a
// script.
func podOf(t testing.TB, fields string) *Workload {
	t.Helper()
	const objects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  seconds: "45"
  stop.sh: |
    #!/bin/sh
    sleep 20
    nginx -s quit
    sleep 5
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
data: {seconds: Ng==}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes:
    - {name: scripts, configMap: {name: settings}}
  containers:
    - name: c
      volumeMounts: [{name: scripts, mountPath: /scripts}]
      envFrom: [{configMapRef: {name: settings}, prefix: PREFIX_}]
      env:
        - {name: DELAY, value: "12"}
        - {name: FROM_MAP, valueFrom: {configMapKeyRef: {name: settings, key: seconds}}}
        - {name: SECRET, valueFrom: {secretKeyRef: {name: secret, key: seconds}}}
      `
	all, _, errs := object.Read(&object.File{Name: "pod.yaml", Data: []byte(objects + fields)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return NewSet(all, nil).Workloads[0]
}
