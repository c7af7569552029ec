package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

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
		return fmt.Sprintf("outside of a termination %s ended unannounced between two requests", finding.Count(n, "connection"))
	},
	fix: func(*match) advice {
		return advice{program: "keep idle connections open for longer than clients do, or send `Connection: close` with the last response."}
	},
}
