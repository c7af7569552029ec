package diagnose

import "fmt"

var ruleClosesIdle = rule{
	id:    closesIdle,
	title: "The server closes idle connections unannounced",
	why:   "A server that closes a keep-alive connection after a response, or after a short idle time-out, without Connection: close in that response, loses the requests that are sent at that moment. That is no effect of a termination: clients meet it all the time.",
	sources: []string{
		"https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1",
		"https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
	},
	summary:  "The server closes idle connections unannounced, also while nothing terminates it: requests that were sent at that moment were lost.",
	explains: func(d *dropFacts) bool { return d.class == closesIdle },
	note: func(m *match) string {
		n := 0
		for _, p := range m.pods {
			n += p.idleCloses
		}
		return fmt.Sprintf("outside of a termination %s ended unannounced between two requests", count(n, "connection"))
	},
	fix: func(*match) advice {
		return advice{program: "keep idle connections open for longer than clients do, or send `Connection: close` with the last response."}
	},
}

// lostToIdleClose reports whether the request crossed the end of its idle
// connection, on a pod that was seen to end others, and that was not terminating.
func (d *dropFacts) lostToIdleClose() bool {
	return d.pod != nil && d.pod.idleCloses > 0 && d.Reused && d.Bytes == 0 && cutByServer(&d.Attempt) &&
		d.run.observer.waited(d.Started, d.Ended).shorterThan(reaction) != no
}

// doubtOfIdleClose is why such a drop shows nothing about terminations.
func (d *dropFacts) doubtOfIdleClose() doubt {
	return doubt{fmt.Sprintf("%s ends idle connections unannounced while nothing terminates it, and requests were lost for that reason", d.pod.Name),
		"let the server keep idle connections for longer than clients do, or leave keep-alive connections out: --traffic new,slow"}
}
