package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// Text writes the report for people: the result first, then its evidence.
func Text(w io.Writer, r *Report, colour bool) error {
	p := &printer{colour: colour}
	p.verdict(r)
	p.traffic(r.Traffic)
	p.pods(r.Pods)
	p.propagation(r.Propagation)
	for i, f := range r.Findings {
		p.finding(i+1, f)
	}
	if len(r.Findings) > 0 {
		p.line("")
		p.line("What each finding means: %s", findingsPage)
	}
	p.closing(r)
	return p.writeTo(w)
}

// findingsPage has a section for each ID.
const findingsPage = "https://github.com/lameduck-dev/lameduck/blob/main/docs/FINDINGS.md"

func (p *printer) verdict(r *Report) {
	covers := ""
	if r.Verdict == finding.Pass {
		covers = " (" + r.Covers + ")"
	}
	p.line("%s: %s%s", p.word(r), outcome(r), covers)
	if r.Verdict == finding.Inconclusive {
		p.prose("reason: ", r.Reason)
		p.prose("hint:   ", r.Hint)
	}
	p.line("%s", runLine(r))
	if r.Control.Failed > 0 {
		p.prose("", noiseNote(r))
	}
}

// word is the result in one word.
func (p *printer) word(r *Report) string {
	switch r.Verdict {
	case finding.Pass:
		return p.style(good, "PASS")
	case finding.Inconclusive:
		return p.style(name, "INCONCLUSIVE")
	}
	return p.style(bad, "FAIL")
}

// outcome is the result in numbers.
func outcome(r *Report) string {
	if r.Attempts == 0 {
		return "no attempt was made"
	}
	s := fmt.Sprintf("%s of %s dropped", finding.Number(r.Dropped), finding.Count(r.Attempts, "attempt"))
	if r.Void > 0 {
		s += fmt.Sprintf(" (and %s void)", finding.Number(r.Void))
	}
	switch {
	case len(r.Findings) == 0:
		return s
	case r.Dropped == 0:
		return s + ", but " + finding.Count(len(r.Findings), "finding")
	}
	return s + ", " + finding.Count(len(r.Findings), "finding")
}

func runLine(r *Report) string {
	parts := []string{r.Action}
	if r.Stage != "" {
		parts = append(parts, "stage "+r.Stage)
	}
	if r.Spec.Propagation != "" {
		parts = append(parts, "propagation "+r.Spec.Propagation)
	}
	return strings.TrimPrefix(strings.Join(append(parts, fmt.Sprintf("%.1f s", r.Duration/1000)), ", "), ", ")
}

func controlLine(c Control) string {
	if c.Attempts == 0 {
		return "none was run, so failures of the machine itself cannot be distinguished"
	}
	return fmt.Sprintf("%s of %s failed (the noise floor)", finding.Number(c.Failed), finding.Number(c.Attempts))
}

// voidLine explains the attempts that are not counted.
func voidLine(void int) string {
	return finding.Count(void, "attempt") + " failed while this machine was late, perhaps because of that; not counted as dropped"
}

// noiseNote explains drops on a machine that fails by itself.
func noiseNote(r *Report) string {
	expected := (r.Attempts*r.Control.Failed + r.Control.Attempts - 1) / r.Control.Attempts
	return fmt.Sprintf("On this machine %s of %s at a server that never terminates failed. "+
		"At that rate about %s of the attempts above are expected to fail with any server: "+
		"only clearly more failures than that are caused by the server. Run again on a less busy machine, or with a lower --rate.",
		finding.Number(r.Control.Failed), finding.Count(r.Control.Attempts, "attempt"), finding.Number(expected))
}

func (p *printer) traffic(traffic []Traffic) {
	if len(traffic) == 0 {
		return
	}
	var rows [][]string
	for _, t := range traffic {
		rows = append(rows, []string{t.Pattern, finding.Number(t.Attempts), finding.Number(t.Dropped), finding.Number(t.DroppedAfterSafeRetry),
			latency(t.Latency.P50), latency(t.Latency.P99), latency(t.Latency.Max), causes(t.Causes)})
	}
	p.line("")
	p.table([]string{"PATTERN", ">ATTEMPTS", ">DROPPED", ">IF RETRIED", ">P50", ">P99", ">MAX", "CAUSES"}, rows)
}

// listed is how many pods the text lists; JSON has them all.
const listed = 20

func (p *printer) pods(pods []Pod) {
	if len(pods) == 0 {
		return
	}
	var rows [][]string
	for _, pod := range pods[:min(listed, len(pods))] {
		rows = append(rows, []string{pod.Name, at(pod.Ready), at(pod.Deleted), at(pod.Signalled), at(pod.Exited), code(pod),
			late(pod.Late.Connections, pod.Late.LastConnection), late(pod.Late.Requests, pod.Late.LastRequest)})
	}
	p.line("")
	p.table([]string{"POD", ">READY", ">DELETED", ">SIGNAL", ">EXIT", "CODE", "LATE CONNECTIONS", "LATE REQUESTS"}, rows)
	if more := len(pods) - listed; more > 0 {
		p.line("and %s more", finding.Count(more, "pod"))
	}
}

func code(pod Pod) string {
	switch {
	case pod.ExitCode == nil:
		return "-"
	case pod.Killed:
		return strconv.Itoa(*pod.ExitCode) + " killed"
	}
	return strconv.Itoa(*pod.ExitCode)
}

// statuses lists the responses by HTTP status.
func statuses(counts map[int]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d (%s)", status, finding.Number(counts[status])))
	}
	return strings.Join(parts, ", ")
}

// onlyOthers is what a fail without a single success leaves open.
func onlyOthers(r *Report) string {
	for status := range r.Statuses {
		if status < 300 {
			return ""
		}
	}
	if r.Verdict != finding.Fail {
		return "" // the reason has it
	}
	return ". No response was a success: the drops are real, but what users request may be served by another part of the server. Test a path that is served (--path), with the name that the server expects (--host)"
}

func ahead(ms float64) string {
	if ms < 0 {
		return latency(-ms) + " behind"
	}
	return latency(ms) + " ahead"
}

// late is how many arrived after T0, and how long after T0 the last one did.
func late(n int, last *float64) string {
	if last == nil {
		return "-"
	}
	return fmt.Sprintf("%s, last +%s", finding.Number(n), latency(*last))
}

func (p *printer) finding(i int, f finding.Finding) {
	p.line("")
	p.line("%d. %s (%s)", i, p.style(name, f.ID), finding.Count(f.Drops, "drop"))
	p.prose("   ", f.Summary)
	p.prose("   seen: ", f.Evidence)
	if f.Doubt != "" {
		p.prose("   but:  ", "not certain, because "+f.Doubt)
	}
	p.prose("   fix:  ", f.Fix)
}

func (p *printer) closing(r *Report) {
	p.line("")
	if r.Recommend.DelaySeconds > 0 {
		p.prose("recommended: ", fmt.Sprintf("a delay of %d s and a grace period of %d s: %s",
			r.Recommend.DelaySeconds, r.Recommend.GraceSeconds, r.Recommend.Why))
	} else if r.Recommend.Why != "" {
		p.prose("recommended: ", "nothing, "+r.Recommend.Why)
	}
	if len(r.Statuses) > 0 {
		p.prose("statuses:    ", statuses(r.Statuses)+onlyOthers(r))
	}
	p.line("control:     %s", controlLine(r.Control))
	if r.Void > 0 {
		p.prose("void:        ", voidLine(r.Void))
	}
	if r.Seed != nil {
		again := fmt.Sprintf("--seed %d", *r.Seed)
		if r.Rate > 0 {
			again += fmt.Sprintf(" --rate %d", r.Rate)
		}
		p.line("repeat with: %s", again)
	}
	for _, c := range r.Clocks {
		p.line("clock:       node %s is %s (within %s)", c.Node, ahead(c.SkewMillis), latency(c.WithinMillis))
	}
}
