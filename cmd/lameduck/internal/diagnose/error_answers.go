package diagnose

// A server that limits how many requests it serves, or that just fails some, answers those with
// 5xx at any time: also while a pod starts or terminates, and not because of that.

// steady is the share of errors of pods that had served, and did not terminate.
func steady(pods []*podFacts) (all errorShare) {
	for _, p := range pods {
		all.errors += p.steady.errors
		all.responses += p.steady.responses
	}
	return all
}

// errsSinceT0 reports whether the attempt was answered with an error by a pod that had served
// without any until it terminated, those of its start and the rare ones aside.
func (d *dropFacts) errsSinceT0() bool {
	return answeredWithError(&d.Attempt) && !d.errsAnyway() && d.pod.firstAnswer != never && d.pod.firstAnswer < d.Ended
}

// errsAnyway reports whether the attempt was answered with an error by a server that does that
// about as often when it neither starts nor terminates. A pod that starts does nothing else.
func (d *dropFacts) errsAnyway() bool {
	those := errorShare{1, 1}
	if d.pod != nil && d.endedAfterT0() {
		those = d.pod.ending
	}
	return answeredWithError(&d.Attempt) && d.run.steady.explains(those)
}
