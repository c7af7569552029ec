package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
)

// Every command of the tool that the README, the lessons and the help texts show is one
// that the tool takes.
func TestCommandsThatAreShown(t *testing.T) {
	lessons, err := filepath.Glob("../../../../tutorial/*/README.md")
	if err != nil || len(lessons) == 0 {
		t.Fatal("no lessons", err)
	}
	root := newRoot(console.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	var texts strings.Builder
	texts.WriteString(root.Example)
	for _, page := range append(lessons, "../../../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		texts.WriteString("\n" + string(text))
	}
	for _, cmd := range root.Commands() {
		texts.WriteString("\n" + cmd.Example)
	}
	shown := regexp.MustCompile(`(?m)(?:^ *|go run \./cmd/|\./)lameduck ((?:verify|report|lint|explain|demo|prestop|version)[^\n#]*)`).FindAllStringSubmatch(texts.String(), -1)
	if len(shown) < 12 {
		t.Fatalf("only %d commands found", len(shown))
	}
	for _, match := range shown {
		line, _, _ := strings.Cut(match[1], "   ")
		line, _, _ = strings.Cut(line, " | ") // into another program
		cmd, args, err := root.Find(strings.Fields(strings.TrimSpace(line)))
		if err == nil {
			cmd.InitDefaultHelpFlag()
			err = cmd.ParseFlags(args)
		}
		if err != nil {
			t.Errorf("lameduck %s: %v", line, err)
		}
	}
}
