package gather

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// output is what a program writes to stdout. If it fails, the error is what it has
// written last to stderr.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(lastLine(errs.String(), err))
	}
	return out.Bytes(), nil
}

// lastLine is the last line that a program has written, or else why it failed.
func lastLine(text string, err error) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	line := strings.TrimPrefix(document.OneLine(lines[len(lines)-1]), "Error: ")
	if _, quoted, found := strings.Cut(line, `"command failed" err=`); found { // kubectl's log
		if unquoted, err := strconv.Unquote(quoted); err == nil {
			line = unquoted
		}
	}
	// kustomize begins with the paths that have led to the mistake.
	if i := strings.LastIndex(line, "': "); strings.HasPrefix(line, "accumulating ") && i >= 0 {
		line = strings.TrimSuffix(line[i+len("': "):], "'")
	}
	if line == "" {
		return err.Error()
	}
	return line
}
