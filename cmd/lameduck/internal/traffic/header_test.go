package traffic

import (
	"slices"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

func TestParseHeaders(t *testing.T) {
	for _, tt := range []struct {
		fields []string
		want   []Header
		err    string
	}{
		{nil, nil, ""},
		{[]string{"X-Shop:a", "x-shop: \tb c ", "X-Empty:"}, []Header{{Name: "X-Shop", Value: "a"}, {Name: "x-shop", Value: "b c"}, {Name: "X-Empty"}}, ""},
		{[]string{"X-Time: 10:30"}, []Header{{Name: "X-Time", Value: "10:30"}}, ""},
		{[]string{"X-Name: Zoë"}, []Header{{Name: "X-Name", Value: "Zoë"}}, ""},
		{[]string{"X-Shop"}, nil, `the header "X-Shop" has no colon`},
		{[]string{""}, nil, `the header "" has no colon`},
		{[]string{": a"}, nil, `"" is not the name of a header`},
		{[]string{"X Shop: a"}, nil, `"X Shop" is not the name of a header`},
		{[]string{"X-Shop : a"}, nil, `"X-Shop " is not the name of a header`},
		{[]string{"X-Shop: a\r\nX: y"}, nil, `the value of header X-Shop has a control character`},
		{[]string{"host: shop"}, nil, `the header "host" has a setting of its own`},
		{[]string{"Connection: close"}, nil, `the header "Connection" cannot be set`},
		{[]string{"Content-Length: 3"}, nil, `the header "Content-Length" cannot be set`},
		{[]string{"Transfer-Encoding: chunked"}, nil, `the header "Transfer-Encoding" cannot be set`},
	} {
		got, err := ParseHeaders(tt.fields)
		if message(err) != tt.err || err != nil && hint.Of(err) == "" {
			t.Errorf("%q: error %q with hint %q, want %q", tt.fields, message(err), hint.Of(err), tt.err)
		}
		if err == nil && !slices.Equal(got, tt.want) {
			t.Errorf("%q: %+v, want %+v", tt.fields, got, tt.want)
		}
	}
}
