package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPreStop(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/prestop" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	for _, tt := range []struct {
		args     string
		code     int
		wantText string
	}{
		{"1ms", 0, ""},
		{server.URL + "/prestop", 0, ""},
		{server.URL + "/", 3, "404 Not Found\nhint: check the path of the URL"},
		{"http://127.0.0.1:1/", 3, "connection refused\nhint: "},
		{"--copy-to " + dir, 0, ""},
		{"--copy-to " + dir + "/absent", 3, "lameduck: " + dir + "/absent/lameduck: no such file or directory\nhint: name a folder"},
		{"", 2, "prestop takes a duration or a URL"},
		{"1s 2s", 2, "prestop takes a duration or a URL"},
		{"http://127.0.0.1:x/", 2, "invalid port \":x\" after host\nhint: for example"},
		{"https://127.0.0.1/", 2, "prestop sends no request over TLS, as to \"https://127.0.0.1/\"\nhint: "},
		{"ten", 2, `"ten" is neither a duration nor an http:// URL`},
		{"-- -1s", 2, "is neither a duration"},
	} {
		var out strings.Builder
		code := Main(append([]string{"prestop"}, strings.Fields(tt.args)...), strings.NewReader(""), &out, &out)
		if code != tt.code || !strings.Contains(out.String(), tt.wantText) {
			t.Errorf("prestop %s: exit %d, %q; want %d, %q", tt.args, code, &out, tt.code, tt.wantText)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	files, err := os.ReadDir(dir)
	if err != nil || fmt.Sprint(files) != "[- lameduck]" {
		t.Errorf("left %v, %v", files, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "lameduck")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
}
