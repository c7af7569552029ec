package diagnose

import "fmt"

// lostToIdleClose reports whether the request crossed the end of its idle
// connection, on a pod that was seen to end others, and that was not terminating.
func (d *dropFacts) lostToIdleClose() bool {
	return d.pod != nil && d.pod.idleCloses > 0 && d.Reused && d.Bytes == 0 && cutByServer(&d.Attempt) &&
		d.run.observer.waited(d.Started, d.Ended).shorterThan(d.run.reacts) != no
}

// doubtOfIdleClose is why such a drop shows nothing about terminations.
func (d *dropFacts) doubtOfIdleClose() doubt {
	return doubt{fmt.Sprintf("%s ends idle connections unannounced while nothing terminates it, and requests were lost for that reason", d.pod.Name),
		"let the server keep idle connections for longer than clients do, or leave keep-alive connections out: --traffic new,slow"}
}
