package diagnose

// doubt is why a conclusion is not certain, and what to do about it: one line
// each.
type doubt struct{ reason, hint string }

func (d doubt) any() bool { return d.reason != "" }

// noDoubt is that of a conclusion that is certain.
var noDoubt doubt

const (
	hintLate    = "run it again on a less busy machine, or with a lower --rate"
	hintQuick   = "run it again with --traffic new,keepalive, of which no request takes long"
	hintPodName = "let the server send the name of its pod in a response header, see --pod-header"
	hintSlow    = "run it again with slow among its --traffic, or with a --path whose response takes a second or more, so that requests are in progress all the time"
	hintOften   = "run it again with a higher --rate, so that each pod gets new connections all the time"
)
