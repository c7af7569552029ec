package typecheck

import (
	"slices"
	"testing"
)

func TestCircle(t *testing.T) {
	names := []string{"x"}
	for name, c := range map[string]struct {
		uses map[string]map[string][]string
		want []string
	}{
		"none":        {map[string]map[string][]string{"a": {"b": names, "c": names}, "b": {"c": names}}, nil},
		"two files":   {map[string]map[string][]string{"a": {"b": names}, "b": {"a": names}}, []string{"a", "b", "a"}},
		"behind some": {map[string]map[string][]string{"a": {"b": names}, "b": {"c": names}, "c": {"d": names}, "d": {"b": names}}, []string{"b", "c", "d", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := circle(c.uses); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
