package pod

import (
	"bytes"
	"strings"
	"testing"
)

// TestPrintable: whatever a process prints, what is shown of it is text: nothing
// controls the terminal of the user.
func TestPrintable(t *testing.T) {
	for line, want := range map[string]string{
		"ready on :8080":                   "ready on :8080",
		"a\tb":                             "a\tb",
		"größe ✓":                          "größe ✓",
		"\x1b[1;31mERROR\x1b[0m no config": "ERROR no config",
		"done\r":                           "done",
		"50%\r100%":                        `50%\r100%`,
		"\x1b]0;title\x07":                 `\x1b]0;title\a`,
		"\x1b[2J":                          `\x1b[2J`,
		"\x00\xff\xfe":                     `\x00\xff\xfe`,
		"\u202e":                           `\u202e`,
	} {
		var log bytes.Buffer
		l := newLines("web-1", &log)
		l.Write([]byte(line + "\n" + line)) // the second is not complete
		if got := strings.Join(l.last(), "|"); got != want+"|"+want {
			t.Errorf("%q: kept %q, want %q twice", line, got, want)
		}
		if got := log.String(); got != "web-1 | "+want+"\n" {
			t.Errorf("%q: written %q", line, got)
		}
	}
}
