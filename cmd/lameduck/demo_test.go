package main

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// TestDemo: lameduck drops nothing, and each of the other three what it must.
// Its four trials are as many as this machine should do at once.
func TestDemo(t *testing.T) {
	cmd := exec.Command("lameduck", "demo", "-o", "json")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var demo struct {
		Version int
		Servers []struct {
			Name string
			result
		}
	}
	if err := json.Unmarshal(out, &demo); err != nil || demo.Version != 1 || len(demo.Servers) != 4 {
		t.Fatalf("%v: %s", err, out)
	}
	must := map[string][]string{
		"default":    {"new"},
		"shutdown":   {"new"},
		"sleep-exit": {"keepalive", "slow"},
	}
	for _, s := range demo.Servers {
		dropped := map[string]int{}
		for _, traffic := range s.Traffic {
			dropped[traffic.Pattern] = traffic.Dropped
		}
		t.Logf("%s: %d attempts, dropped %v, findings %v", s.Name, s.Attempts, dropped, s.ids())
		if len(s.Traffic) != 3 {
			t.Errorf("%s: %d patterns, want 3", s.Name, len(s.Traffic))
		}
		for _, pattern := range must[s.Name] {
			if dropped[pattern] == 0 {
				t.Errorf("%s drops nothing on %s", s.Name, pattern)
			}
		}
		if s.Name == "lameduck" && s.Dropped+len(s.Findings) != 0 {
			t.Errorf("lameduck drops %v: %s", dropped, s.evidence())
		}
	}
}
