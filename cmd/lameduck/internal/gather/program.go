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

// output is what a program writes to stdout. If the program fails, the error is the line of
// its stderr that mistake finds.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(mistake(errs.String(), err))
	}
	return out.Bytes(), nil
}

// mistake is the last line that a program calls an error, because helm writes a hint after
// that line; else the last line of all, or err if there is none.
func mistake(text string, err error) string {
	line := ""
	for l := range strings.Lines(strings.TrimSpace(text)) {
		if l = document.OneLine(strings.TrimSpace(l)); strings.HasPrefix(l, "Error: ") || !strings.HasPrefix(line, "Error: ") {
			line = l
		}
	}
	line = strings.TrimPrefix(line, "Error: ")
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
