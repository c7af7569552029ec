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
		rules[i].writeSection(&b, &markdown)
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

// Section is what the page has about a finding, as plain text; "" if there is none of that
// ID. A paragraph and an item of a list are one line each.
func Section(id string) string {
	var b strings.Builder
	for i := range rules {
		if rules[i].id == id {
			rules[i].writeSection(&b, &plain)
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// form is how a section is written: formats of its parts.
type form struct {
	heading, quote, source string
	setting                string // of the name of a server, its source and its setting
}

var (
	markdown = form{heading: "## %s", quote: "> %s", source: "- <%s>", setting: "- [%s](%s): %s"}
	plain    = form{heading: "%s", quote: "%s", source: "- %s", setting: "- %[1]s: %[3]s (%[2]s)"}
)

func (r *rule) writeSection(b *strings.Builder, f *form) {
	m := newMatch(&runFacts{run: noRun, observer: &observer{}, recommended: finding.Recommendation{}}, nil)
	fmt.Fprintf(b, "\n"+f.heading+"\n\n%s.\n\n"+f.quote+"\n\n%s\n", r.id, r.title, r.summary, r.why)
	fmt.Fprintf(b, "\nWhat to do:\n\n")
	for line := range strings.Lines(r.fix(&m).text(&ownAdvice{}, "")) {
		fmt.Fprintf(b, "- %s\n", capital(strings.TrimSpace(line)))
	}
	r.writeSettings(b, f, &m)
	if len(r.sources) > 0 {
		fmt.Fprintf(b, "\nSources:\n\n")
	}
	for _, source := range r.sources {
		fmt.Fprintf(b, f.source+"\n", source)
	}
}

// writeSettings writes what servers themselves can be set to.
func (r *rule) writeSettings(b *strings.Builder, f *form, m *match) {
	title := "\nServers with a setting of their own for this, which comes first:\n\n"
	for i := range knownServers {
		server := &knownServers[i]
		setting := m.numbers(server.settings[r.id])
		if server.GracefulSignal != "" && slices.Contains(stopRules, r.id) {
			setting = strings.TrimSpace(server.signalAdvice() + " " + setting)
		}
		if setting != "" {
			b.WriteString(title)
			fmt.Fprintf(b, f.setting+"\n", server.Name, server.Source, setting)
			title = ""
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
