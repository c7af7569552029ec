package timeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// longestLine is the longest line of a file in bytes: a header with a command of
// 2 MiB, which is the longest that Linux starts, each byte escaped.
const longestLine = 16 << 20

// Reader reads a run as a stream, in constant memory.
type Reader struct {
	// Run is the header. Its Duration and Skews are set when Items has come to
	// the end; Attempts and Events stay empty.
	Run Run

	lines            *bufio.Scanner
	number           int // of the line
	names            map[string]string
	events, attempts int  // that were read
	eventsOnly       bool // attempts are counted, and not decoded
}

// Item is an event or an attempt; the other is nil. Both are where attempts are only
// counted.
type Item struct {
	Event   *Event
	Attempt *Attempt
}

// NewReader reads the header. The error is ErrNotARun, ErrVersion, ErrTruncated or
// ErrDamaged, or that of r.
func NewReader(r io.Reader) (*Reader, error) {
	in := &Reader{lines: bufio.NewScanner(r), names: map[string]string{}}
	in.lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	in.lines.Split(wholeLines)
	text, err := in.next()
	switch {
	case errors.Is(err, ErrTruncated) && in.number == 0:
		return nil, fmt.Errorf("%w: it has no complete line", ErrNotARun)
	case err != nil:
		return nil, err
	}
	header := headerLine{Run: &in.Run}
	var kind struct {
		File    string
		Version int
	}
	if json.Unmarshal(text, &kind) != nil || kind.File != fileType {
		return nil, fmt.Errorf("%w: the first line is not a header", ErrNotARun)
	}
	if kind.Version != FileVersion {
		return nil, fmt.Errorf("%w: its version is %d", ErrVersion, kind.Version)
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return nil, fmt.Errorf("%w: line 1: %w", ErrDamaged, wrongType(err))
	}
	if err := in.checkTimes(in.Run.Accuracy, in.Run.Spec.Grace, in.Run.Spec.PreStopSleep); err != nil {
		return nil, err
	}
	return in, nil
}

// Items are the events and attempts in the order of the file. An error is the
// last pair: the file is incomplete or damaged. Items can be used once.
func (in *Reader) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for {
			item, err := in.item()
			switch {
			case errors.Is(err, errEnd):
				return
			case err != nil:
				yield(Item{}, err)
				return
			case !yield(item, nil):
				return
			}
		}
	}
}

// errEnd is the error of item when the file is complete.
var errEnd = errors.New("end of the run")

// attemptPrefix is how the line of an attempt begins, as Writer writes it.
var attemptPrefix = []byte(`{"attempt":`)

// item is the event or attempt of the next line.
func (in *Reader) item() (Item, error) {
	text, err := in.next()
	if err != nil {
		return Item{}, err
	}
	if in.eventsOnly && bytes.HasPrefix(text, attemptPrefix) {
		in.attempts++
		return Item{}, nil
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Item{}, fmt.Errorf("%w: line %d: %w", ErrDamaged, in.number, wrongType(err))
	}
	switch {
	case l.Event != nil && l.Attempt == nil && l.End == nil:
		in.events++
		in.shareNames(&l.Event.Pod, &l.Event.Node)
		return Item{Event: l.Event}, in.checkTimes(l.Event.At, l.Event.Due)
	case l.Attempt != nil && l.Event == nil && l.End == nil:
		in.attempts++
		a := l.Attempt.attempt()
		in.shareNames(&a.Pattern, &a.Pod, &a.Node, &a.Addr, &a.Detail, (*string)(&a.Phase), (*string)(&a.Class), (*string)(&a.Cause), (*string)(&a.End))
		return Item{Attempt: a}, in.checkTimes(a.Scheduled, a.Started, a.Sent, a.Ended, a.EndedConn)
	case l.End != nil && l.Event == nil && l.Attempt == nil:
		return Item{}, in.finish(l.End)
	}
	return Item{}, fmt.Errorf("%w: line %d is not one event, attempt or end", ErrDamaged, in.number)
}

// wrongType explains a field of another type than ours without the names of our
// types.
func wrongType(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%q cannot be a %s", t.Field[strings.LastIndexByte(t.Field, '.')+1:], t.Value)
	}
	return err
}

// mostTime is far beyond any run, and so far from the largest Duration that
// sums and differences of times do not overflow.
const mostTime = 400 * 24 * time.Hour

func (in *Reader) checkTimes(all ...time.Duration) error {
	for _, d := range all {
		if d < -mostTime || d > mostTime {
			return fmt.Errorf("%w: line %d has a time of %v", ErrDamaged, in.number, d)
		}
	}
	return nil
}

// finish checks the last line, and that nothing follows. If all is well it returns errEnd.
func (in *Reader) finish(end *endLine) error {
	if err := in.checkTimes(end.Duration); err != nil {
		return err
	}
	if end.Events != in.events || end.Attempts != in.attempts {
		return fmt.Errorf("%w: it has %d events and %d attempts of %d and %d", ErrTruncated, in.events, in.attempts, end.Events, end.Attempts)
	}
	if _, err := in.next(); err == nil {
		return fmt.Errorf("%w: line %d is after the end", ErrDamaged, in.number)
	} else if !errors.Is(err, ErrTruncated) {
		return err
	}
	in.Run.Duration, in.Run.Skews = end.Duration, end.Skews
	return errEnd
}

// next is the next line. At the end of the file the error is ErrTruncated.
func (in *Reader) next() ([]byte, error) {
	if in.lines.Scan() {
		in.number++
		return in.lines.Bytes(), nil
	}
	switch err := in.lines.Err(); {
	case err == nil:
		return nil, fmt.Errorf("%w: after line %d", ErrTruncated, in.number)
	case errors.Is(err, bufio.ErrTooLong) && in.number == 0:
		return nil, fmt.Errorf("%w: its first line is longer than %d bytes", ErrNotARun, longestLine)
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: line %d is longer than %d bytes", ErrDamaged, in.number+1, longestLine)
	default:
		return nil, err
	}
}

// wholeLines leaves out a last line without its end: the writer was
// interrupted.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if atEOF && bytes.IndexByte(data, '\n') < 0 {
		return len(data), nil, nil
	}
	return bufio.ScanLines(data, false)
}

// mostNames is how many different strings are shared; a run has a few hundred.
const mostNames = 10_000

// shareNames replaces strings by equal ones of earlier lines, so that millions
// of attempts do not hold a copy each.
func (in *Reader) shareNames(all ...*string) {
	for _, s := range all {
		if known, ok := in.names[*s]; ok {
			*s = known
		} else if len(in.names) < mostNames {
			in.names[*s] = *s
		}
	}
}
