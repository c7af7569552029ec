package finding

// Verdict is the result of a trial.
type Verdict string

const (
	Pass Verdict = "pass" // requests were served, nothing was dropped, nothing found
	Fail Verdict = "fail" // drops or findings that no lateness of this machine explains
	// Inconclusive: what was seen shows neither. The diagnosis has the reason.
	Inconclusive Verdict = "inconclusive"
)

// Diagnosis is what a trial shows about a service.
type Diagnosis struct {
	Verdict Verdict
	// Reason is why the result is Inconclusive, and Hint what to do then: one
	// line each, "" for any other.
	Reason, Hint string
	// Covers is what a Pass holds for, such as "HTTP/1.1 in clear text, 3 patterns".
	Covers string
	// Statuses are the responses of the server, counted by HTTP status.
	Statuses map[int]int
	// Findings explain every drop of the run, and warn of faults that dropped
	// nothing this time. The order is stable: most drops first, then the order of
	// the rules; the unexplained come last. Attempts at the control target are not
	// judged.
	Findings  []Finding
	Recommend Recommendation
}
