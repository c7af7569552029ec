package diagnose

import (
	"fmt"
	"slices"
)

var ruleUnexplained = rule{
	id:       unexplained,
	title:    "No rule explains the drop",
	why:      "The termination of a pod does not explain these drops: they may be the program's own failures, or a fault that this tool does not know.",
	summary:  "Drops that the termination of a pod does not explain.",
	explains: func(*dropFacts) bool { return true },
	note: func(m *match) string {
		first, last := bounds(m.drops)
		d := m.drops[0]
		s := fmt.Sprintf("between %s and %s, the first: %s %s", seconds(first), seconds(last), d.Pattern, d.Cause)
		switch {
		case d.Detail != "":
			s += " (" + d.Detail + ")"
		case d.Status != 0:
			s += fmt.Sprintf(" (status %d)", d.Status)
		}
		if d.Pod != "" {
			s += " at " + d.Pod
		}
		return s
	},
	fix: func(m *match) advice {
		if slices.ContainsFunc(m.drops, (*dropFacts).errsAnyway) {
			return advice{always: "look in the log of the server: it responds with 5xx also when no pod is being replaced. A server that limits how many requests it serves at once, or in a second, does that beyond its limit: then raise the limit, or lower --rate, and run it again."}
		}
		return advice{always: "check whether the same requests fail while no pod is being replaced: then the cause is the program, its limits, or this machine (compare the control line), not the termination."}
	},
}
