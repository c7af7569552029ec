package output

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
)

// commands are the workflow commands of GitHub for each severity:
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
var commands = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "notice"}

// What a command cannot contain as it is, in its text and in its properties.
var (
	escapedText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapedProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// GitHub writes the findings as annotations of a pull request.
func GitHub(w io.Writer, r *Result) error {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", commands[f.Severity],
			escapedProperty.Replace(filepath.ToSlash(f.File)), f.Line, f.Column, escapedProperty.Replace(f.ID), escapedText.Replace(sentences(f)))
	}
	for _, err := range r.Unread {
		fmt.Fprintf(&b, "::error title=not read::%s\n", escapedText.Replace(err.Error()))
	}
	fmt.Fprintln(&b, escapedText.Replace(summary(r)))
	_, err := io.WriteString(w, b.String())
	return err
}

// sentences are all of a finding as a text of a few lines.
func sentences(f *lint.Finding) string {
	text := f.Object + ": " + f.Summary
	if f.Evidence != "" {
		text += "\nbecause: " + f.Evidence
	}
	return text + "\nfix: " + f.Fix
}
