package traffic

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

func TestParsePatterns(t *testing.T) {
	for _, tt := range []struct{ list, want, err string }{
		{list: "new", want: "new"},
		{list: "new,slow", want: "new,slow"},
		{list: " slow , new ", want: "slow,new"},
		{list: "new,new", want: "new"},
		{list: "all", want: "new,keepalive,slow,upload,download"},
		{list: "", err: "empty name of a traffic pattern"},
		{list: "new,,slow", err: "empty name of a traffic pattern"},
		{list: "newt", err: `unknown traffic pattern "newt"`},
	} {
		got, err := ParsePatterns(tt.list)
		if message(err) != tt.err {
			t.Errorf("%q: error %q, want %q", tt.list, message(err), tt.err)
		}
		if err != nil && !strings.Contains(hint.Of(err), "new, keepalive, slow") {
			t.Errorf("%q: the hint %q doesn't list the patterns", tt.list, hint.Of(err))
		}
		if strings.Join(got, ",") != tt.want {
			t.Errorf("%q: %s, want %s", tt.list, got, tt.want)
		}
	}
	if got := strings.Join(Default(), ","); got != "new,keepalive,slow" {
		t.Errorf("by default %s", got)
	}
}
