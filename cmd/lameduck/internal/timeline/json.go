package timeline

import "encoding/json"

// An attempt in JSON: moments and durations are nanoseconds, and a moment that
// never came is null.
type (
	plainAttempt Attempt
	attemptJSON  struct {
		*plainAttempt
		// These take the place of those in plainAttempt.
		Started   *Moment `json:"started"`
		Sent      *Moment `json:"sent"`
		EndedConn *Moment `json:"conn_ended"`
	}
)

// MarshalJSON writes null for a moment that never came.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(attemptJSON{(*plainAttempt)(&a), cameOrNil(&a.Started), cameOrNil(&a.Sent), cameOrNil(&a.EndedConn)})
}

// UnmarshalJSON reads what MarshalJSON writes. A moment that is left out never
// came.
func (a *Attempt) UnmarshalJSON(text []byte) error {
	*a = Attempt{}
	line := attemptJSON{plainAttempt: (*plainAttempt)(a)}
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	a.Started, a.Sent, a.EndedConn = orNever(line.Started), orNever(line.Sent), orNever(line.EndedConn)
	return nil
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
