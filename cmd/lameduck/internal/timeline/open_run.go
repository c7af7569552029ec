package timeline

import (
	"fmt"
	"io"
)

// Attempts passes on the attempts of one run, one by one in the order of its record, and
// the same ones each time it is called. The attempt may be changed after next has
// returned, and next itself changes nothing in it.
type Attempts func(next func(*Attempt)) error

// InMemory passes on the attempts that the run itself has.
func (r *Run) InMemory(next func(*Attempt)) error {
	for i := range r.Attempts {
		next(&r.Attempts[i])
	}
	return nil
}

// OpenRun reads a saved run without its attempts, of which there may be millions. These are
// read from the file each time they are asked for. The error, also that of attempts, is
// as those of NewReader and Items.
func OpenRun(file io.ReadSeeker) (run *Run, attempts Attempts, err error) {
	in, err := fromStart(file)
	if err != nil {
		return nil, nil, err
	}
	in.eventsOnly = true
	var events []Event
	for item, err := range in.Items() {
		if err != nil {
			return nil, nil, err
		}
		if item.Event != nil {
			events = append(events, *item.Event)
		}
	}
	opened, known := in.Run, in.attempts
	opened.Events = events
	return &opened, func(next func(*Attempt)) error { return readAttempts(file, known, next) }, nil
}

// readAttempts reads the attempts of a file in which so many are known.
func readAttempts(file io.ReadSeeker, known int, next func(*Attempt)) error {
	in, err := fromStart(file)
	if err != nil {
		return err
	}
	for item, err := range in.Items() {
		if err != nil {
			return err
		}
		if item.Attempt != nil {
			next(item.Attempt)
		}
	}
	if in.attempts != known {
		return fmt.Errorf("%w: it had %d attempts, and has %d now", ErrDamaged, known, in.attempts)
	}
	return nil
}

func fromStart(file io.ReadSeeker) (*Reader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return NewReader(file)
}
