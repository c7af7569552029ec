package term

import (
	"testing"
	"time"
)

func TestEndOfTheLameDuck(t *testing.T) {
	s := time.Second
	c := Clocks{Delay: 10 * s, Quiet: 2 * s, Grace: 30 * s, Reserve: 3 * s}
	for _, test := range []struct{ last, want time.Duration }{
		{-1, 10 * s}, {0, 10 * s}, {8 * s, 10 * s}, {9 * s, 11 * s}, {16 * s, 18 * s}, {17 * s, 18500 * time.Millisecond}, {60 * s, 18500 * time.Millisecond},
	} {
		if got := c.End(test.last); got != test.want {
			t.Errorf("last late connection at %v: the lame duck ends at %v, want %v", test.last, got, test.want)
		}
	}
}
