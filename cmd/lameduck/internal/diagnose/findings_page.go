package diagnose

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

//go:generate go test . -run ^TestFindingsPage$ -update

// pageHead is what docs/FINDINGS.md starts with.
const pageHead = `# Findings

<!-- Generated from the rules in cmd/lameduck/internal/diagnose by "go generate ./internal/diagnose" in cmd/lameduck. Do not edit. -->

What ` + "`lameduck verify`" + ` reports, by the ID that it prints. Every dropped connection belongs to exactly one of them. The
rules are asked in the order of this page: the first that holds counts.

`

// WritePage writes docs/FINDINGS.md: what each finding means, where that is
// specified, and the cure.
func WritePage(w io.Writer) error {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, r := range rules {
		fmt.Fprintf(&b, "- [`%s`](#%[1]s): %s\n", r.id, r.title)
	}
	for i := range rules {
		rules[i].writeSection(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Title is a finding in a few words.
type Title struct{ ID, Title string }

// Titles are those of all findings, in the order of the page.
func Titles() []Title {
	all := make([]Title, len(rules))
	for i := range rules {
		all[i] = Title{rules[i].id, rules[i].title}
	}
	return all
}

// Section is what the page has about a finding, "" if there is none of that ID.
func Section(id string) string {
	var b strings.Builder
	for i := range rules {
		if rules[i].id == id {
			rules[i].writeSection(&b)
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func (r *rule) writeSection(b *strings.Builder) {
	m := newMatch(&runFacts{run: noRun, observer: &observer{}, recommended: finding.Recommendation{}}, nil)
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n> %s\n\n%s\n", r.id, r.title, r.summary, r.why)
	fmt.Fprintf(b, "\nWhat to do:\n\n")
	for line := range strings.Lines(r.fix(&m).text(&ownAdvice{}, "")) {
		fmt.Fprintf(b, "- %s\n", capital(strings.TrimSpace(line)))
	}
	r.writeSettings(b, &m)
	if len(r.sources) > 0 {
		fmt.Fprintf(b, "\nSources:\n\n")
	}
	for _, source := range r.sources {
		fmt.Fprintf(b, "- <%s>\n", source)
	}
}

// writeSettings writes what servers themselves can be set to.
func (r *rule) writeSettings(b *strings.Builder, m *match) {
	title := "\nServers with a setting of their own for this, which comes first:\n\n"
	for i := range knownServers {
		server := &knownServers[i]
		setting := m.numbers(server.settings[r.id])
		if server.GracefulSignal != "" && slices.Contains(stopRules, r.id) {
			setting = strings.TrimSpace(server.signalAdvice() + " " + setting)
		}
		if setting != "" {
			fmt.Fprintf(b, "%s- [%s](%s): %s\n", title, server.Name, server.Source, setting)
			title = ""
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
