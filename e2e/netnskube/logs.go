//go:build linux

package netnskube

import (
	"os"
	"strings"
)

// logEnd returns the end of a log as one line.
func logEnd(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	const enough = 3
	lines = lines[max(0, len(lines)-enough):]
	return strings.Join(strings.Fields(strings.Join(lines, " | ")), " ")
}
