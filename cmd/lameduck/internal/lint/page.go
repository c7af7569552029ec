package lint

import (
	"embed"
	"fmt"
	"io"
	"strings"
)

//go:generate go test . -run ^TestRulesPage$ -update

// Rule is what docs/RULES.md and lameduck explain show of a rule.
type Rule struct {
	ID       string
	Title    string // the mistake in a few words, without a full stop
	Why      string // why it drops connections
	Sources  []string
	Severity Severity // of its findings, unless one has another
	Wrong    string   // an example with the mistake, in YAML
	Right    string   // the same without it
}

//go:embed testdata/*/wrong.yaml testdata/*/right.yaml
var examples embed.FS

// Rules are all of them, in the order of docs/RULES.md.
func Rules() []Rule {
	all := make([]Rule, len(rules))
	for i, r := range rules {
		all[i] = Rule{r.id, r.title, r.why, r.sources, r.severity, example(r.id, "wrong"), example(r.id, "right")}
	}
	return all
}

// example is one of the examples of a rule, "" if there is none.
func example(id, name string) string {
	text, err := examples.ReadFile("testdata/" + id + "/" + name + ".yaml")
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(text), "\n") + "\n"
}

// pageHead is what docs/RULES.md starts with.
const pageHead = `# Rules

<!-- Generated from the rules in cmd/lameduck/internal/lint by "go generate ./internal/lint" in cmd/lameduck. Do not edit. -->

What ` + "`lameduck lint`" + ` finds in manifests, by the ID that it prints. An error drops connections for certain, or Kubernetes
refuses the object; a warning drops them under load or in some deploys; an info is worth knowing. A finding may have another severity
than its rule, where the manifests show that it is more or less certain. ` + "`lameduck explain RULE`" + ` prints the same.

`

// WritePage writes docs/RULES.md.
func WritePage(w io.Writer) error {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, r := range rules {
		fmt.Fprintf(&b, "- [`%s`](#%[1]s): %s (%s)\n", r.id, r.title, r.severity)
	}
	for _, r := range Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s (%s).\n\n%s\n", r.ID, r.Title, r.Severity, r.Why)
		fmt.Fprintf(&b, "\nWrong:\n\n```yaml\n%s```\n\nRight:\n\n```yaml\n%s```\n\nSources:\n\n", r.Wrong, r.Right)
		for _, s := range r.Sources {
			fmt.Fprintf(&b, "- <%s>\n", s)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
