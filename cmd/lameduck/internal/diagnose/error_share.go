package diagnose

// errorShare is how many of some responses were errors.
type errorShare struct{ errors, responses int }

func (s *errorShare) add(failed bool) {
	s.responses++
	if failed {
		s.errors++
	}
}

// timesAsOften is a definition: errors that come more often than so many times as before are
// not those that the server answers with at any time.
const timesAsOften = 3

// explains reports whether errors as often as those come at any time, if these do.
func (s errorShare) explains(those errorShare) bool {
	return s.errors > 0 && timesAsOften*s.errors*those.responses >= those.errors*s.responses
}
