//go:build unix

package sandbox

import (
	"slices"
	"strings"
	"testing"
)

func TestGuardKillsWhatIsLeft(t *testing.T) {
	var killed []int
	runGuard(strings.NewReader("+100\n+200\n-100\n+300\n-300\n+1\n+0\nnonsense\n+400"), func(pid int) error {
		killed = append(killed, pid)
		return nil
	})
	slices.Sort(killed)
	if want := []int{200, 400}; !slices.Equal(killed, want) {
		t.Errorf("killed %v, want %v", killed, want)
	}
}
