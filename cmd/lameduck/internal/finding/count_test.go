package finding

import "testing"

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 pods", 1: "1 pod", 2: "2 pods", 999: "999 pods", 1000: "1,000 pods", 1234567: "1,234,567 pods", -1: "-1 pods", -1000: "-1,000 pods"} {
		if got := Count(n, "pod"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
