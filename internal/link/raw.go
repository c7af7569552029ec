package link

// raw is a connection that a handler has taken over, or that never was net/http's. Its
// protocol is not known, so it is in flight until it is closed.
type raw struct{ *http1 }

func (raw) closable() bool { return false }

func (raw) count() int { return 1 }

// inFlight appends the connection.
func (c raw) inFlight(to []Item) []Item {
	about := c.noteOf(hijacked)
	x := Item{Kind: kindHijacked, Name: about.name, Since: c.time(c.born)}
	if about.raw {
		x.Kind = kindConnection
	}
	return append(to, x)
}
