package timeline

import "encoding/json"

// An attempt in JSON: moments and durations are nanoseconds, and a moment that
// never came is null.
type (
	plainAttempt Attempt
	attemptJSON  struct {
		plainAttempt
		// These take the place of those in plainAttempt.
		Started   *Moment `json:"started"`
		Sent      *Moment `json:"sent"`
		EndedConn *Moment `json:"conn_ended"`
	}
)

// MarshalJSON writes null for a moment that never came.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(inJSON(&a))
}

// UnmarshalJSON reads what MarshalJSON writes. A moment that is left out never
// came.
func (a *Attempt) UnmarshalJSON(text []byte) error {
	var line attemptJSON
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	*a = *line.attempt()
	return nil
}

func inJSON(a *Attempt) *attemptJSON {
	return &attemptJSON{plainAttempt(*a), cameOrNil(&a.Started), cameOrNil(&a.Sent), cameOrNil(&a.EndedConn)}
}

func (l *attemptJSON) attempt() *Attempt {
	l.plainAttempt.Started, l.plainAttempt.Sent, l.plainAttempt.EndedConn = orNever(l.Started), orNever(l.Sent), orNever(l.EndedConn)
	return (*Attempt)(&l.plainAttempt)
}

func cameOrNil(m *Moment) *Moment {
	if *m == Never {
		return nil
	}
	return m
}

func orNever(m *Moment) Moment {
	if m == nil {
		return Never
	}
	return *m
}
