package model

import "testing"

// FuzzHook reads any script as a hook: whatever it is, it takes no less than nothing, and
// no more for certain than if all goes well.
func FuzzHook(f *testing.F) {
	for _, script := range []string{
		"sleep 5 && sleep 6", "for i in 1 2; do sleep $i; done", "while true; do sleep 1; done", "if a; then b; fi",
		"(a; b) | c &", "x=\"${y:-3}\"; sleep $x", "`a` $(b) $((1+2)) 2>&1 >f <g", "a\\\n b", "((", "'", "${", "$(", "wait", "timeout 1 sleep 2", "time", "! sleep 1", "coproc a", "case $1 in a) sleep 1;; esac",
	} {
		f.Add(script)
	}
	w := podOf(f, "")
	f.Fuzz(func(t *testing.T, script string) {
		h := w.Containers[0].runs([]string{"sh", "-c", script})
		if h.AtLeast < 0 || h.AtLeast > h.Planned {
			t.Errorf("%q: at least %d, planned %d", script, h.AtLeast, h.Planned)
		}
	})
}
