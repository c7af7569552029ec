package diagnose

// A server that limits how many requests it serves, or that just fails some, answers those with
// 5xx at any time: also while a pod starts or terminates, and not because of that.

// errsAnyway reports whether the pod answered with an error when it had served before and did
// not terminate: then neither its start nor its termination is the reason for an error.
func (p *podFacts) errsAnyway() bool {
	return p.firstAnswer != never && p.lastError != never && p.lastError > p.firstAnswer
}

// errsSinceT0 reports whether the attempt was answered with an error by a pod that had served
// without any until it terminated, those of its start aside.
func (d *dropFacts) errsSinceT0() bool {
	return answeredWithError(&d.Attempt) && !d.run.errsAnyway && d.pod.firstAnswer != never && d.pod.firstAnswer < d.Ended
}

// errsAnyway reports whether the attempt was answered with an error by a server that does that
// also when it neither starts nor terminates.
func (d *dropFacts) errsAnyway() bool { return d.run.errsAnyway && answeredWithError(&d.Attempt) }
