package lab

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// sample draws n delays and sorts them.
func sample(t *testing.T, name string, n int) []time.Duration {
	t.Helper()
	p, err := ParseProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := stream(1, "test")
	draws := make([]time.Duration, n)
	for i := range draws {
		draws[i] = p.draw(r)
	}
	slices.Sort(draws)
	return draws
}

func TestProfileQuantiles(t *testing.T) {
	const n = 100_000
	tests := []struct {
		name          string
		min, max      time.Duration // no draw is outside
		p50, p90, p99 time.Duration
	}{
		{"idle", 0, 350 * ms, 60 * ms, 150 * ms, 330 * ms},
		{"rollout", 0, 3550 * ms, 596 * ms, 1004 * ms, 2055 * ms},
		{"large", 500 * ms, 30 * sec, 5 * sec, 18 * sec, 24 * sec},
		{"ingress-nginx", 0, 4300 * ms, 2150 * ms, 3490 * ms, 4045 * ms},
		{"alb", 10 * sec, 60 * sec, 35 * sec, 55 * sec, 59500 * ms},
		{"nlb", 120 * sec, 180 * sec, 150 * sec, 174 * sec, 179400 * ms},
		{"1s-3s", sec, 3 * sec, 2 * sec, 2800 * ms, 2980 * ms},
		{"2s", 2 * sec, 2 * sec, 2 * sec, 2 * sec, 2 * sec},
		{"0", 0, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			draws := sample(t, tt.name, n)
			if draws[0] < tt.min || draws[n-1] > tt.max {
				t.Errorf("draws from %v to %v, want within %v and %v", draws[0], draws[n-1], tt.min, tt.max)
			}
			for share, want := range map[int]time.Duration{50: tt.p50, 90: tt.p90, 99: tt.p99} {
				got := draws[n*share/100]
				if slack := want / 40; got < want-slack || got > want+slack {
					t.Errorf("p%d = %v, want %v within 2.5%%", share, got, want)
				}
			}
		})
	}
}

func TestEveryProfileIsListedAndDocumented(t *testing.T) {
	for _, p := range Profiles {
		if p.Doc == "" || strings.Contains(p.Doc, "\n") {
			t.Errorf("%s: Doc is not one line: %q", p.Name, p.Doc)
		}
		parsed, err := ParseProfile(p.Name)
		if err != nil || parsed.String() != p.Name {
			t.Errorf("ParseProfile(%q) = %q, %v", p.Name, parsed, err)
		}
	}
}

func TestZeroProfileIsTheDefault(t *testing.T) {
	var p Profile
	if p.String() != "rollout" || p.orDefault().Name != "rollout" {
		t.Errorf("zero profile is %q, %q", p, p.orDefault().Name)
	}
}

func TestParseProfileRejects(t *testing.T) {
	for _, s := range []string{"", "fast", "2", "3s-1s", "1s-", "-1s", "1s-2s-3s", "Rollout"} {
		p, err := ParseProfile(s)
		if err == nil {
			t.Errorf("ParseProfile(%q) = %q, want an error", s, p)
			continue
		}
		if h := hint.Of(err); !strings.Contains(h, "ingress-nginx") || !strings.Contains(h, "1s-3s") {
			t.Errorf("ParseProfile(%q): hint %q lists no names", s, h)
		}
	}
}

func TestStreamsDoNotDependOnEachOther(t *testing.T) {
	draw := func(seed uint64, purpose string) [4]uint64 {
		r := stream(seed, purpose)
		return [4]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
	}
	if first, again := draw(7, "slice"), draw(7, "slice"); first != again {
		t.Error("the same seed and purpose gave different numbers")
	}
	if draw(7, "slice") == draw(7, "kubelet") || draw(7, "slice") == draw(8, "slice") {
		t.Error("another purpose or seed gave the same numbers")
	}
}
