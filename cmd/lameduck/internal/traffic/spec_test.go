package traffic

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func request(r timeline.Request) Spec { return Spec{Load: timeline.Load{Request: r}} }

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		spec Spec
		err  string
	}{
		{Spec{}, ""},
		{Spec{Load: timeline.Load{Rate: 2000, Request: timeline.Request{Method: "HEAD", Path: "/a?b=c%20d", Host: "shop:8080"}}}, ""},
		{Spec{Load: timeline.Load{Patterns: []string{"new", "newt"}}}, `unknown traffic pattern "newt"`},
		{Spec{Load: timeline.Load{Rate: -1}}, "a rate of -1 per second"},
		{request(timeline.Request{Method: "GET /x"}), `"GET /x" is not an HTTP method`},
		{request(timeline.Request{Path: "ready"}), `the path "ready" does not begin with a slash`},
		{request(timeline.Request{Path: "/a b"}), `the path "/a b" has a character that must be encoded`},
		{request(timeline.Request{Path: "/\r\nX: y"}), `the path "/\r\nX: y" has a character that must be encoded`},
		{request(timeline.Request{Host: "a\nb"}), `"a\nb" is not a host name`},
		{request(timeline.Request{Host: "http://shop"}), `"http://shop" is not a host name`},
		{request(timeline.Request{Host: "[::1]:8080"}), ""},
		{request(timeline.Request{TLS: "maybe"}), `unknown setting "maybe" of TLS`},
		{request(timeline.Request{Body: -1}), "-1 bytes of content in a request"},
		{request(timeline.Request{Body: 1 << 30}), "1073741824 bytes of content in a request"},
		{request(timeline.Request{Headers: []Header{{Name: "A b"}}}), `"A b" is not the name of a header`},
	} {
		err := tt.spec.Check()
		if message(err) != tt.err {
			t.Errorf("error %q, want %q", message(err), tt.err)
		}
		if err != nil && hint.Of(err) == "" {
			t.Errorf("%v: no hint", err)
		}
	}
}

// TestSpecIsPlainData: every setting reaches a worker, which gets it as JSON.
func TestSpecIsPlainData(t *testing.T) {
	var spec Spec
	fill(t, reflect.ValueOf(&spec).Elem())
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var got Spec
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, spec) {
		t.Errorf("%+v became %+v", spec, got)
	}
}

// fill sets every field to a value other than zero.
func fill(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	default:
		t.Fatalf("a setting of kind %v", v.Kind())
	}
}
