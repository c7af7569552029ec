package timeline

import (
	"errors"
	"fmt"
)

// A run is a file of JSON Lines (https://jsonlines.org), UTF-8. The first line
// is the header: the fields of Run, what the file is and its version. Then
// follow the events and the attempts, each when nothing in it could change any
// more, and so roughly in order of time. The last line has the totals, which show
// that no line is missing. Moments and durations are nanoseconds, moments since
// the start of the run.
//
//	{"file":"lameduck-run","version":1,"start":"2026-01-02T03:04:05Z","stage":"lab",...}
//	{"event":{"at":10500000,"pod":"app-1","kind":"started","source":"lab"}}
//	{"attempt":{"pattern":"new","scheduled":1000000,"started":1000100,...}}
//	{"end":{"duration":31200000000,"events":52,"attempts":9000}}
//
// What was concluded from the record is not in the file: it is concluded
// again when the file is read. Fields may be added to a version, and a reader
// ignores those that it does not know.

// FileVersion is the version of the files that are written, and the only one
// that is read.
const FileVersion = 1

// fileType is the first field of each file.
const fileType = "lameduck-run"

// The kinds of error of a file. Each error is one line without the file's name.
var (
	ErrNotARun   = errors.New("not a saved run")
	ErrVersion   = fmt.Errorf("a saved run of another version than %d", FileVersion)
	ErrTruncated = errors.New("a saved run that ends too early")
	ErrDamaged   = errors.New("a saved run that is damaged")
)

// headerLine is the first line of a file.
type headerLine struct {
	File    string `json:"file"`
	Version int    `json:"version"`
	*Run
}

// line is any other line: one of its fields is set.
type line struct {
	Event   *Event       `json:"event,omitempty"`
	Attempt *attemptJSON `json:"attempt,omitempty"` // not an Attempt, whose text would be read twice
	End     *endLine     `json:"end,omitempty"`
}

// endLine has what is known only at the end, and the totals.
type endLine struct {
	Duration Moment `json:"duration"`
	Skews    []Skew `json:"skews,omitempty"`
	Events   int    `json:"events"`
	Attempts int    `json:"attempts"`
}
