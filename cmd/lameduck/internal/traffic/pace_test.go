package traffic

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		rate int
		want time.Duration
	}{
		{0, 200, 0},
		{1, 200, 5 * time.Millisecond},
		{200, 200, time.Second},
		{1, 2000, 500 * time.Microsecond},
		{1, 3, 333_333_333},
		{2, 3, 666_666_666},
		{3, 3, time.Second},
		{3_000_000, 3, 1_000_000 * time.Second},
		{1, 100_000, 10 * time.Microsecond},
		{60 * 60 * 24 * 365 * 100_000, 100_000, 365 * 24 * time.Hour},
	} {
		if got := due(tt.n, tt.rate); got != tt.want {
			t.Errorf("due(%d, %d) = %v, want %v", tt.n, tt.rate, got, tt.want)
		}
	}
}

// TestDueIsEven: no two ticks are further apart than the interval, rounded.
func TestDueIsEven(t *testing.T) {
	for _, rate := range []int{1, 7, 20, 200, 2000, 33_333} {
		interval := float64(time.Second) / float64(rate)
		for n := range int64(3 * rate) {
			if gap := float64(due(n+1, rate) - due(n, rate)); math.Abs(gap-interval) > 1 {
				t.Fatalf("rate %d, tick %d: a gap of %v ns, want %v", rate, n, gap, interval)
			}
		}
	}
}

func TestPhases(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		rates []int
		want  []time.Duration
	}{
		{nil, nil},
		{[]int{200}, []time.Duration{0}},
		{[]int{200, 200, 20}, []time.Duration{0, 2500 * time.Microsecond, 0}},
		{[]int{250, 25, 250, 250, 250, 25}, []time.Duration{0, 0, ms, 2 * ms, 3 * ms, 20 * ms}},
	} {
		if got := phases(tt.rates); !slices.Equal(got, tt.want) {
			t.Errorf("phases(%v) = %v, want %v", tt.rates, got, tt.want)
		}
	}
}

func TestRates(t *testing.T) {
	for _, tt := range []struct {
		pattern    string
		base, want int
	}{{"new", 200, 200}, {"keepalive", 1, 1}, {"slow", 200, 20}, {"slow", 3, 1}} {
		if got := find(tt.pattern).rate(tt.base); got != tt.want {
			t.Errorf("%s at %d: %d, want %d", tt.pattern, tt.base, got, tt.want)
		}
	}
}

func TestAlarm(t *testing.T) {
	for name, a := range map[string]wakeup{"system": newWakeup(), "runtime": newTimerWakeup()} {
		t.Run(name, func(t *testing.T) {
			defer a.close()
			begin := time.Now()
			if !a.wait(3 * time.Millisecond) {
				t.Fatal("wait ended without a call of stop")
			}
			if d := time.Since(begin); d < 3*time.Millisecond {
				t.Errorf("it rang after %v, want 3ms at least", d)
			}
			time.AfterFunc(time.Millisecond, a.stop)
			if a.wait(time.Hour) {
				t.Error("wait rang although it was stopped")
			}
			if a.wait(time.Hour) {
				t.Error("wait rang after stop")
			}
		})
	}
}
