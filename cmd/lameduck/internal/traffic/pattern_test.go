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
		{list: "all", want: "new,keepalive,slow"},
		{list: "", err: "empty name of a traffic pattern"},
		{list: "new,,slow", err: "empty name of a traffic pattern"},
		{list: "newt", err: `unknown traffic pattern "newt"`},
	} {
		got, err := ParsePatterns(tt.list)
		if text(err) != tt.err {
			t.Errorf("%q: error %q, want %q", tt.list, text(err), tt.err)
		}
		if err != nil && !strings.Contains(hint.Of(err), "new, keepalive, slow") {
			t.Errorf("%q: the hint %q doesn't list the patterns", tt.list, hint.Of(err))
		}
		if names(got) != tt.want {
			t.Errorf("%q: %s, want %s", tt.list, names(got), tt.want)
		}
	}
	if got := names(Default()); got != "new,keepalive,slow" {
		t.Errorf("by default %s", got)
	}
}

func names(patterns []Pattern) string {
	var all []string
	for _, p := range patterns {
		all = append(all, p.Name)
	}
	return strings.Join(all, ",")
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		cfg Config
		err string
	}{
		{Config{}, ""},
		{Config{Rate: 2000, Method: "HEAD", Path: "/a?b=c%20d", Host: "shop:8080"}, ""},
		{Config{Rate: -1}, "a rate of -1 per second"},
		{Config{Method: "GET /x"}, `"GET /x" is not an HTTP method`},
		{Config{Path: "ready"}, `the path "ready" does not begin with a slash`},
		{Config{Path: "/a b"}, `the path "/a b" has a character that must be encoded`},
		{Config{Path: "/\r\nX: y"}, `the path "/\r\nX: y" has a character that must be encoded`},
		{Config{Host: "a\nb"}, `"a\nb" is not a host name`},
	} {
		err := tt.cfg.Check()
		if text(err) != tt.err {
			t.Errorf("error %q, want %q", text(err), tt.err)
		}
		if err != nil && hint.Of(err) == "" {
			t.Errorf("%v: no hint", err)
		}
	}
}
