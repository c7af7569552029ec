package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreflight: before a trial verify writes what lint finds in its manifest.
func TestPreflight(t *testing.T) {
	const examples = "../lint/testdata/prestop-uses-the-grace-period/"
	for file, want := range map[string]string{"wrong.yaml": "lint: FILE:18:17: error: preStop sleep 30 s = grace period 30 s", "right.yaml": ""} {
		text, err := os.ReadFile(examples + file)
		if err != nil {
			t.Fatal(err)
		}
		v := &verify{labFlags: labFlags{file: filepath.Join(t.TempDir(), file)}}
		if err := os.WriteFile(v.file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		v.preflight(t.Context(), &out)
		want = strings.ReplaceAll(want, "FILE", v.file)
		if got := out.String(); !strings.HasPrefix(got, want) || want == "" && got != "" || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
